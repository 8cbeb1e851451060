/** Thrown by the store, which has then written nothing: the shop said something more since the answer was worked out. */
export class CatalogMoved extends Error {
  constructor() {
    super('What the shop says of this product changed meanwhile.');
    this.name = 'CatalogMoved';
  }
}
