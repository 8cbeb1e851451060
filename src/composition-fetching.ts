/** What fetches pictures that are named and not sent. */
import { createFetchImage } from './adapters/web/fetch-image.ts';
import { createS3Images } from './adapters/web/s3-image.ts';
import {
  createFetchPictures,
  type FetchPictures,
  type FetchPicturesNeeds,
} from './application/fetch-pictures.ts';
import type { Config } from './config.ts';

export interface Fetching {
  readonly fetchPictures: FetchPictures;
  close(): Promise<void>;
}

export function openFetching(config: Config, needs: Omit<FetchPicturesNeeds, 'fetchImage'>): Fetching {
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
    fetchPictures: createFetchPictures({ ...needs, fetchImage: web.fetchImage }),
    async close() {
      await Promise.all([web.close(), buckets.close()]);
    },
  };
}
