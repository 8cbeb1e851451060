/** What fetches pictures that are named and not sent. */
import { createFetchImage } from './adapters/web/fetch-image.ts';
import { createS3Images } from './adapters/web/s3-image.ts';
import type { FetchImage } from './application/ports-web.ts';
import type { Config } from './config.ts';

export function openFetching(config: Config): { readonly fetchImage: FetchImage; close(): Promise<void> } {
  const buckets = createS3Images({
    allowPrefixes: config.S3_ALLOW_PREFIXES ?? [],
    endpoint: config.S3_ENDPOINT,
  });
  const web = createFetchImage({
    allowOrigins: config.FETCH_ALLOW_ORIGINS ?? [],
    imageWidth: config.FETCH_IMAGE_WIDTH,
    fetchS3: buckets.fetchImage,
  });
  return {
    fetchImage: web.fetchImage,
    async close() {
      await Promise.all([web.close(), buckets.close()]);
    },
  };
}
