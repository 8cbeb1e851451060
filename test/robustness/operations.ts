/** Every call of the OpenAPI document, as far as requests are made from it and answers held against it. */
import { openApiDocument } from '../../src/http/openapi/document.ts';

export type Json = { readonly [key: string]: unknown };

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Json;
}

export interface Operation {
  /** `POST /products/{id}/tags` */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Content type -> schema of the body. */
  readonly bodies: Readonly<Record<string, Json>>;
  /** Status -> content type -> schema; no content type where the answer has no body. */
  readonly responses: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

type Content = Readonly<Record<string, { readonly schema?: Json }>>;
interface Described {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Json };
};

/** What `#/components/…` in any schema of the document points into. */
export const components = document.components;

const schemas = (content: Content = {}) =>
  Object.fromEntries(Object.entries(content).map(([type, { schema = {} }]) => [type, schema]));

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, call]): Operation => {
    const name = `${method.toUpperCase()} ${path}`;
    return {
      name,
      method: method.toUpperCase() as Operation['method'],
      path,
      parameters: call.parameters ?? [],
      bodies: schemas(call.requestBody?.content),
      responses: Object.fromEntries(
        Object.entries(call.responses).map(([status, { content }]) => [status, schemas(content)]),
      ),
    };
  }),
);

/** Follows a reference into the document; anything else is given back as it is. */
export function resolved(schema: Json): Json {
  const { $ref } = schema;
  if (typeof $ref !== 'string') return schema;
  const name = $ref.replace('#/components/schemas/', '');
  return resolved(components.schemas[name] as Json);
}
