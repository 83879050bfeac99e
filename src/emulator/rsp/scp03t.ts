import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { concatBytes, encodeHeader, encodeTlv, readTlv } from "../../lpa/asn1/tlv.js";
import { aesCmac } from "./cmac.js";
import type { SessionKeys } from "./session-keys.js";

/**
 * SCP03t (SGP.22, annex G; SGP.02, 4.1.3.3): elements protected by AES-128-CBC and a chained CMAC of which 8 bytes travel. One object
 * is one direction of one channel; each element moves its counter and its chain, so the order and every byte count.
 */
export class Scp03t {
  readonly #keys: SessionKeys;
  #chain: Uint8Array;
  #block = 0;

  constructor(keys: SessionKeys) {
    this.#keys = keys;
    this.#chain = keys.initialMacChainingValue;
  }

  /** An encrypted element (tag 86 or 87). */
  seal(tag: number, plain: Uint8Array): Uint8Array {
    this.#block++;
    const padded = new Uint8Array((Math.floor(plain.length / 16) + 1) * 16);
    padded.set(plain);
    padded[plain.length] = 0x80;
    const cipher = createCipheriv("aes-128-cbc", this.#keys.encryptionKey, this.#iv()).setAutoPadding(false);
    return this.#withMac(tag, concatBytes(cipher.update(padded), cipher.final()));
  }

  /** An element in clear with a MAC (tag 88); it counts as a block as well. */
  sign(tag: number, plain: Uint8Array): Uint8Array {
    this.#block++;
    return this.#withMac(tag, plain);
  }

  /** The content of an encrypted element, or undefined when its MAC or its padding is wrong. */
  open(element: Uint8Array): Uint8Array | undefined {
    const protectedData = this.verify(element);
    if (protectedData === undefined || protectedData.length === 0 || protectedData.length % 16 !== 0) return undefined;
    const decipher = createDecipheriv("aes-128-cbc", this.#keys.encryptionKey, this.#iv()).setAutoPadding(false);
    const padded = concatBytes(decipher.update(protectedData), decipher.final());
    const end = padded.lastIndexOf(0x80);
    if (end < padded.length - 16 || padded.subarray(end + 1).some((byte) => byte !== 0)) return undefined;
    return padded.subarray(0, end);
  }

  /** The content of an element in clear, or undefined when its MAC is wrong; after that the channel is of no more use. */
  verify(element: Uint8Array): Uint8Array | undefined {
    const { tag, value } = readTlv(element);
    if (value.length < macBytes) return undefined;
    this.#block++;
    const content = value.subarray(0, -macBytes);
    const mac = this.#mac(tag, content);
    if (!timingSafeEqual(mac.subarray(0, macBytes), value.subarray(-macBytes))) return undefined;
    this.#chain = mac;
    return content;
  }

  #withMac(tag: number, content: Uint8Array): Uint8Array {
    this.#chain = this.#mac(tag, content);
    return encodeTlv(tag, content, this.#chain.subarray(0, macBytes));
  }

  #mac(tag: number, content: Uint8Array): Uint8Array {
    const header = encodeHeader(tag, content.length + macBytes);
    return aesCmac(this.#keys.macKey, concatBytes(this.#chain, header, content));
  }

  /** The encrypted block counter is the IV. */
  #iv(): Uint8Array {
    const counter = new Uint8Array(16);
    new DataView(counter.buffer).setUint32(12, this.#block);
    const cipher = createCipheriv("aes-128-cbc", this.#keys.encryptionKey, new Uint8Array(16)).setAutoPadding(false);
    return concatBytes(cipher.update(counter), cipher.final());
  }
}

const macBytes = 8;
