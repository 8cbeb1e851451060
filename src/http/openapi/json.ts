/** A piece of the document: what JSON can hold, by key. */
export type Json = { [key: string]: unknown };
