/** `GET /taxonomy` and `GET /taxonomy/attributes/:id`: the active taxonomy, with version and content hash. */
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../application/tag-request.ts';
import { HangtagError } from '../../domain/errors.ts';
import { attributeId } from '../../domain/taxonomy/attribute-words.ts';
import type { Attribute, Category } from '../../domain/taxonomy/types.ts';

export function taxonomyRoutes(app: FastifyInstance, { taxonomy }: Services): void {
  const { id, version, contentHash } = taxonomy;
  const whole = {
    id,
    version,
    contentHash,
    categories: taxonomy.categories.map(wireCategory),
    profiles: [...taxonomy.profiles.values()].map((profile) => ({
      id: profile.id,
      attributes: profile.attributes,
    })),
    attributes: taxonomy.attributes.map(wireAttribute),
  };
  const etag = `"${contentHash.slice(0, 16)}"`;

  app.get('/taxonomy', { config: { scope: 'read' } }, async (request, reply) => {
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return whole;
  });

  app.get<{ Params: { id: string } }>(
    '/taxonomy/attributes/:id',
    { config: { scope: 'read' } },
    async (request) => {
      const attribute = taxonomy.attributeById.get(attributeId(request.params.id));
      if (!attribute)
        throw new HangtagError('attribute.not_found', 'The taxonomy has no attribute with this id.');
      return { taxonomy: `${id}@${version}`, contentHash, ...wireAttribute(attribute) };
    },
  );
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
