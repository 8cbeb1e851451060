/** Pictures to measure with, drawn here: no photo is needed, and every run has the same. */
import sharp from 'sharp';

/** A garment-like shape with woven texture and grain, so that JPEG sizes are those of photos. */
export async function photo(width: number, height: number, quality: number): Promise<Buffer> {
  const data = new Uint8Array(width * height * 3);
  let seed = 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      const grain = ((seed >> 16) % 24) - 12;
      const side = Math.abs(x / width - 0.5);
      const depth = y / height;
      const inside =
        (side < 0.28 && depth > 0.15 && depth < 0.9) || (side < 0.45 && depth > 0.15 && depth < 0.4);
      const weave = inside ? 12 * Math.sin((x * 180) / width) * Math.sin((y * 240) / height) : 0;
      const base = inside ? [40, 60, 120] : [226, 222, 214];
      for (let c = 0; c < 3; c++)
        data[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, base[c]! + grain + weave));
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}

/** The same picture as another file: bytes behind the end of a JPEG are ignored by decoders and change its hash. */
export function asAnother(picture: Buffer, name: string): Buffer {
  return Buffer.concat([picture, Buffer.from(name)]);
}
