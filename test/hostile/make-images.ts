/** The hostile corpus, whole: made in memory each time, so that nothing hostile lies in the repository as a file. */
import { bombImages } from './bomb-images.ts';
import { brokenImages } from './broken-images.ts';
import type { HostileImage } from './hostile-image.ts';
import { strangeImages } from './strange-images.ts';

export const hostileImages: readonly HostileImage[] = [...brokenImages, ...strangeImages, ...bombImages];
