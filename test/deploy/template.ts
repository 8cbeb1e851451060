/**
 * Reads a CloudFormation template and works its functions out for given parameters, as far as the templates of
 * deploy/infra go. Strict: an unknown parameter, function or name is an error, so that a test sees what AWS would see.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Properties = { readonly [key: string]: Json };

interface Parameter {
  readonly Type: string;
  readonly Default?: Json;
  readonly AllowedPattern?: string;
  readonly AllowedValues?: readonly Json[];
  readonly MinValue?: number;
  readonly MaxValue?: number;
}

export interface Template {
  readonly Parameters: Readonly<Record<string, Parameter>>;
  readonly Conditions?: Readonly<Record<string, Json>>;
  readonly Resources: Readonly<Record<string, Properties>>;
  readonly Outputs?: Readonly<Record<string, Properties>>;
}

export interface Resource {
  readonly name: string;
  readonly type: string;
  readonly properties: Properties;
  readonly dependsOn: readonly string[];
}

export interface Worked {
  /** In an order in which each comes after what it depends on. */
  readonly resources: readonly Resource[];
  readonly outputs: Readonly<Record<string, string>>;
}

const surroundings: Readonly<Record<string, string>> = {
  'AWS::Region': 'eu-test-1',
  'AWS::AccountId': '123456789012',
  'AWS::Partition': 'aws',
};
/** The property by which a resource is named, where a template may name it. */
const named: Readonly<Record<string, string>> = {
  'AWS::SageMaker::Model': 'ModelName',
  'AWS::SageMaker::EndpointConfig': 'EndpointConfigName',
  'AWS::SageMaker::Endpoint': 'EndpointName',
  'AWS::Logs::LogGroup': 'LogGroupName',
};
const nothing = { Ref: 'AWS::NoValue' };

export function readTemplate(file: string): Template {
  const folder = path.resolve(import.meta.dirname, '../../deploy/infra');
  return parseTemplate(readFileSync(path.join(folder, file), 'utf8'));
}

export function parseTemplate(text: string): Template {
  const document = parseDocument(text, { logLevel: 'error' });
  if (document.errors.length > 0) throw document.errors[0];
  // CloudFormation knows no aliases; an alias would not be one of the nodes below.
  return plain(document.contents) as unknown as Template;
}

function plain(node: unknown): Json {
  const tag = (node as { tag?: string } | null)?.tag;
  const value = bare(node);
  if (!tag?.startsWith('!')) return value;
  const name = tag.slice(1);
  if (name === 'GetAtt') return { 'Fn::GetAtt': String(value).split('.') };
  return name === 'Ref' || name === 'Condition' ? { [name]: value } : { [`Fn::${name}`]: value };
}

function bare(node: unknown): Json {
  if (node === null) return null;
  if (isScalar(node)) return node.value as Json;
  if (isSeq(node)) return node.items.map(plain);
  if (isMap(node))
    return Object.fromEntries(node.items.map(({ key, value }) => [String(plain(key)), plain(value)]));
  throw new Error('An alias or something else that CloudFormation does not take');
}

/** Throws with AWS's words where a parameter is missing, unknown or not allowed. */
export function checkParameters(
  template: Template,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const unknown = Object.keys(given).filter((name) => !(name in template.Parameters));
  if (unknown.length > 0) throw new Error(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  return Object.fromEntries(
    Object.entries(template.Parameters).map(([name, rule]) => {
      const value = given[name] ?? rule.Default;
      if (value === undefined) throw new Error(`Parameters: [${name}] must have values`);
      const text = String(value);
      if (rule.AllowedPattern && !new RegExp(`^(?:${rule.AllowedPattern})$`).test(text))
        throw new Error(`Parameter '${name}' must match pattern ${rule.AllowedPattern}`);
      if (rule.AllowedValues && !rule.AllowedValues.map(String).includes(text))
        throw new Error(`Parameter '${name}' must be one of AllowedValues`);
      if (
        rule.Type === 'Number' &&
        !(Number(text) >= (rule.MinValue ?? -Infinity) && Number(text) <= (rule.MaxValue ?? Infinity))
      )
        throw new Error(`Parameter '${name}' must be a number within its limits`);
      return [name, text];
    }),
  );
}

export function work(template: Template, given: Readonly<Record<string, string>>, stack: string): Worked {
  const parameters = checkParameters(template, given);
  const holds = (name: string): boolean => truth(template.Conditions?.[name] ?? fail(`condition ${name}`));
  const isMade = (name: string): boolean => {
    const condition = (template.Resources[name] ?? fail(`resource ${name}`)).Condition;
    return condition === undefined || holds(String(condition));
  };

  function truth(value: Json): boolean {
    const [name, inside] = Object.entries(value as Properties)[0] ?? fail('an empty condition');
    const list = inside as readonly Json[];
    if (name === 'Condition') return holds(String(inside));
    if (name === 'Fn::Equals') return String(resolve(list[0]!)) === String(resolve(list[1]!));
    if (name === 'Fn::Not') return !truth(list[0]!);
    if (name === 'Fn::Or') return list.some(truth);
    if (name === 'Fn::And') return list.every(truth);
    return fail(`condition function ${name}`);
  }

  /** What AWS calls the resource: its given name, or one made up. */
  function physical(name: string): string {
    if (!isMade(name)) throw new Error(`${name} is referred to, but not made`);
    const { Type, Properties: properties = {} } = template.Resources[name]!;
    const given = (properties as Properties)[named[String(Type)] ?? ''];
    return given !== undefined ? String(resolve(given)) : `${stack}-${name}-1A2B3C`;
  }

  function reference(name: string): Json {
    if (name === 'AWS::StackName') return stack;
    if (name in surroundings) return surroundings[name]!;
    if (name in parameters) return parameters[name]!;
    return physical(name);
  }

  function resolve(value: Json): Json {
    if (Array.isArray(value))
      return value
        .filter((entry) => !isNothing(entry))
        .map(resolve)
        .filter(kept);
    if (typeof value !== 'object' || value === null) return value;
    const [name, inside] = Object.entries(value)[0] ?? [];
    if (name === 'Ref') return inside === 'AWS::NoValue' ? nothing : reference(String(inside));
    if (name === 'Fn::Sub') {
      if (typeof inside !== 'string') return fail('Sub with names of its own');
      return inside.replaceAll(/\$\{([^}]+)\}/g, (_, named: string) =>
        String(named.includes('.') ? attribute(named.split('.')) : reference(named)),
      );
    }
    if (name === 'Fn::GetAtt') return attribute(inside as readonly string[]);
    if (name === 'Fn::If') {
      const [condition, yes, no] = inside as readonly Json[];
      return resolve((holds(String(condition)) ? yes : no)!);
    }
    if (name?.startsWith('Fn::')) return fail(name);
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, entry]) => [key, resolve(entry)] as const)
        .filter(([, entry]) => kept(entry)),
    );
  }

  function attribute([name = '', key = '']: readonly string[]): string {
    if (Object.values(named).includes(key) || key === 'Name') return physical(name);
    return key === 'Arn' ? `arn:aws:made:::${physical(name)}` : `${physical(name)}.${key.toLowerCase()}`;
  }

  const found = Object.entries(template.Resources)
    .filter(([name]) => isMade(name))
    .map(([name, resource]): Resource => {
      const properties = resolve(resource.Properties ?? {}) as Properties;
      const mentioned = [
        ...JSON.stringify(resource).matchAll(/"Ref":"(\w+)"|"Fn::GetAtt":\["(\w+)"|\$\{(\w+)[.}]/g),
      ];
      const names = [
        ...mentioned.map((match) => match[1] ?? match[2] ?? match[3] ?? ''),
        ...[resource.DependsOn ?? []].flat().map(String),
      ];
      const dependsOn = [...new Set(names)].filter((other) => other in template.Resources && isMade(other));
      return { name, type: String(resource.Type), properties, dependsOn };
    });
  const outputs = Object.entries(template.Outputs ?? {}).map(([name, { Value }]) => [
    name,
    String(resolve(Value!)),
  ]);
  return { resources: inOrder(found), outputs: Object.fromEntries(outputs) };
}

function inOrder(resources: readonly Resource[]): Resource[] {
  const done: Resource[] = [];
  while (done.length < resources.length) {
    const next = resources.find(
      (resource) =>
        !done.includes(resource) &&
        resource.dependsOn.every((name) => done.some((other) => other.name === name)),
    );
    if (!next) throw new Error('Circular dependency between resources');
    done.push(next);
  }
  return done;
}

function isNothing(value: Json): boolean {
  return JSON.stringify(value) === JSON.stringify(nothing);
}
const kept = (value: Json) => !isNothing(value);

function fail(what: string): never {
  throw new Error(`The template holds something unknown: ${what}`);
}
