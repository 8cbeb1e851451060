/** A picture of our own for the smoke test: 64 x 64 of plain red, as a PNG. */
import { crc32, deflateSync } from 'node:zlib';

/** Base64. */
export function redSquare(side = 64): string {
  const row = Buffer.alloc(1 + side * 3);
  for (let at = 1; at < row.byteLength; at += 3) row[at] = 0xd0;
  const size = Buffer.alloc(13);
  size.writeUInt32BE(side, 0);
  size.writeUInt32BE(side, 4);
  // Eight bits a channel, RGB.
  size.set([8, 2], 8);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: side }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', size), chunk('IDAT', pixels), chunk('IEND')]).toString(
    'base64',
  );
}

function chunk(type: string, content: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const framed = Buffer.alloc(body.byteLength + 8);
  framed.writeUInt32BE(content.byteLength, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.byteLength + 4);
  return framed;
}
