/** A picture that is named and not sent. */

/** By `https` URL, or in a bucket that the settings allow. */
export type ImageReference =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 's3'; readonly uri: string };

export function isReference(content: Uint8Array | ImageReference | Error): content is ImageReference {
  return !(content instanceof Uint8Array) && !(content instanceof Error);
}
