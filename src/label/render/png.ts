import { crc32, deflateSync } from "node:zlib";
import type { Layout } from "../primitives.js";
import { drawBitmap } from "./bitmap.js";

/** Portable Network Graphics (ISO/IEC 15948): one bit a dot, greyscale, with the resolution, so that it prints at its size. Pure. */

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const metresPerInch = 0.0254;

export function renderPng(layout: Layout): Uint8Array {
  const { width, height, rowBytes, bytes } = drawBitmap(layout);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // One bit of greyscale; compression, filter and interlace as ever.
  header.set([1, 0, 0, 0, 0], 8);
  const physical = Buffer.alloc(9);
  const dotsPerMetre = Math.round(layout.dpi / metresPerInch);
  physical.writeUInt32BE(dotsPerMetre, 0);
  physical.writeUInt32BE(dotsPerMetre, 4);
  physical.writeUInt8(1, 8);
  const lines = Buffer.alloc((rowBytes + 1) * height);
  for (let row = 0; row < height; row++) {
    // The byte in front names the row's filter: none.
    lines.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  }
  const image = deflateSync(lines, { level: 9 });
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("pHYs", physical),
    chunk("IDAT", image),
    chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
