/** `GET /taxonomy` and `GET /taxonomy/attributes/:id`: the active taxonomy, with version and content hash. */
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import { attributeId } from '../../domain/taxonomy/attribute-words.ts';
import type { Attribute, Category, Taxonomy } from '../../domain/taxonomy/types.ts';

export function taxonomyRoutes(app: FastifyInstance, services: Services): void {
  let last: { readonly of: Taxonomy; readonly whole: object } | null = null;
  /** Written once for each that becomes active. */
  const wire = (taxonomy: Taxonomy) => {
    if (last?.of !== taxonomy) last = { of: taxonomy, whole: wireTaxonomy(taxonomy) };
    return last.whole;
  };

  app.get('/taxonomy', { config: { scope: 'read' } }, async (request, reply) => {
    const taxonomy = services.taxonomy();
    const etag = `"${taxonomy.contentHash.slice(0, 16)}"`;
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return wire(taxonomy);
  });

  app.get<{ Params: { id: string } }>(
    '/taxonomy/attributes/:id',
    { config: { scope: 'read' } },
    async (request) => {
      const { id, version, contentHash, attributeById } = services.taxonomy();
      const attribute = attributeById.get(attributeId(request.params.id));
      if (!attribute)
        throw new HangtagError('attribute.not_found', 'The taxonomy has no attribute with this id.');
      return { taxonomy: `${id}@${version}`, contentHash, ...wireAttribute(attribute) };
    },
  );
}

function wireTaxonomy({ id, version, contentHash, categories, profiles, attributes }: Taxonomy) {
  return {
    id,
    version,
    contentHash,
    categories: categories.map(wireCategory),
    profiles: [...profiles.values()].map((profile) => ({ id: profile.id, attributes: profile.attributes })),
    attributes: attributes.map(wireAttribute),
  };
}

function wireCategory({ id, name, parent, path, leaf, profile, synonyms, shopify, google }: Category) {
  return { id, name, parent, path, leaf, profile, synonyms, shopify, google };
}

/** What a caller may know: everything but the captions, which are a model's business. */
function wireAttribute({
  valueById: _,
  nullPrompts: _n,
  neutralPrompts: _p,
  values,
  ...attribute
}: Attribute) {
  return { ...attribute, values: values.map(({ prompts: _v, ...value }) => value) };
}
