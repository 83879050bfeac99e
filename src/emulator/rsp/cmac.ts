import { createCipheriv } from "node:crypto";

/** AES-128-CMAC (NIST SP 800-38B), 16 bytes; node:crypto has the cipher but not the mode. */
export function aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const k1 = double(encryptBlocks(key, new Uint8Array(16)));
  const k2 = double(k1);
  const whole = message.length > 0 && message.length % 16 === 0;
  const padded = new Uint8Array(whole ? message.length : (Math.floor(message.length / 16) + 1) * 16);
  padded.set(message);
  if (!whole) padded[message.length] = 0x80;
  const last = padded.length - 16;
  const subkey = whole ? k1 : k2;
  for (let i = 0; i < 16; i++) padded[last + i] = (padded[last + i] ?? 0) ^ (subkey[i] ?? 0);
  return encryptBlocks(key, padded).slice(-16);
}

/** CBC with a zero IV and no padding; of one block this is the plain cipher. */
function encryptBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-cbc", key, new Uint8Array(16)).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(blocks), cipher.final()]));
}

/** Doubling in GF(2^128). */
function double(block: Uint8Array): Uint8Array {
  const doubled = block.map((byte, i) => ((byte << 1) | ((block[i + 1] ?? 0) >> 7)) & 0xff);
  if (((block[0] ?? 0) & 0x80) !== 0) doubled[15] = (doubled[15] ?? 0) ^ 0x87;
  return doubled;
}
