/** What a port is that does not answer AT, judged by what it said meanwhile. Pure. */

export type PortKind = "gnss" | "diagnostic" | "boot-log" | "console" | "echo" | "binary";

const seems: Readonly<Record<PortKind, string>> = {
  gnss: "it speaks NMEA 0183, as a GNSS port does",
  diagnostic: "it speaks HDLC frames, as a diagnostic port (QCDM) does",
  "boot-log": "it prints a boot log, as a debug port does",
  console: "it asks for a login or runs a shell, as a console of a computer does",
  echo: "it says back what it is sent and nothing else, as a loopback, a terminal or a modem that hangs does",
  binary: "it sends binary data, as a diagnostic or a data port does",
};

export function describePortKind(kind: PortKind): string {
  return seems[kind];
}

/** Fewer bytes than this say nothing about a stream being binary: a plug and a power-up make noise too. */
const enoughBinary = 48;

/**
 * The kind that the evidence is enough for, or undefined. On a UART noise is no evidence: a modem at another speed looks like that.
 */
export function judgePort(said: Uint8Array, isUart: boolean): PortKind | undefined {
  const text = Buffer.from(said).toString("latin1");
  if (speaksNmea(text)) return "gnss";
  if (hasHdlcFrame(said)) return "diagnostic";
  if (
    /(^|[\r\n])[^\r\n]{0,64}\b(login|password): ?/i.test(text) ||
    /(^|[\r\n])(-?\w*sh|bash|ash): .*not found/.test(text)
  )
    return "console";
  if (bootLog.test(text)) return "boot-log";
  if (onlyEchoes(text)) return "echo";
  if (!isUart && isBinary(said)) return "binary";
  return undefined;
}

/** Lines that no modem says on an AT port: the kernel's time stamps, and boot loaders (U-Boot, Little Kernel, Qualcomm's SBL and XBL). */
const bootLog =
  /(^|[\r\n])(\[ *\d+\.\d{3,6}\] \S|U-Boot |Starting kernel|Booting Linux|\[\d+\] (welcome to lk|platform_init)|[BSD] - +\d+ - )/;

/** A whole sentence of any talker with a right checksum (NMEA 0183: `*` and the exclusive or of what stands between `$` and it). */
function speaksNmea(text: string): boolean {
  for (const [, body = "", sum = ""] of text.matchAll(
    /\$((?:G[A-Z]|BD|QZ|P)[A-Z0-9]{3},[\x20-\x7e]{0,120}?)\*([0-9A-Fa-f]{2})/g,
  )) {
    let xor = 0;
    for (const byte of Buffer.from(body, "latin1")) xor ^= byte;
    if (xor === Number.parseInt(sum, 16)) return true;
  }
  return false;
}

/**
 * A frame between 0x7e whose CRC is right: CRC-16/X.25, low byte first, 0x7d escapes the next byte with 0x20 (libqcdm of ModemManager,
 * src/dm-commands and src/utils.c; RFC 1662 has the same framing).
 */
function hasHdlcFrame(bytes: Uint8Array): boolean {
  let frame: number[] = [];
  let escaped = false;
  for (const byte of bytes) {
    if (byte === 0x7e) {
      if (frame.length >= 3 && crcX25(frame) === goodCrc) return true;
      frame = [];
      escaped = false;
    } else if (byte === 0x7d) escaped = true;
    else {
      frame.push(escaped ? byte ^ 0x20 : byte);
      escaped = false;
    }
  }
  return false;
}

/** What the CRC comes to over a frame with its own CRC behind it, before the last inversion (RFC 1662 C.2). */
const goodCrc = 0xf0b8;

function crcX25(bytes: readonly number[]): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  }
  return crc;
}

/** Only what esimd itself sends while it looks for a modem, more than once: a modem that wakes up may echo before it can answer. */
function onlyEchoes(text: string): boolean {
  const lines = text.split(/[\r\n]+/).filter((line) => line !== "");
  return lines.length >= 2 && lines.every((line) => /^(AT)+(\+[A-Z]+\?)?$/.test(line));
}

/** A third or more of the bytes is nothing that text is made of. */
function isBinary(bytes: Uint8Array): boolean {
  if (bytes.length < enoughBinary) return false;
  let odd = 0;
  for (const byte of bytes) {
    const text = (byte >= 0x20 && byte < 0x7f) || byte === 0x0d || byte === 0x0a || byte === 0x09;
    if (!text) odd++;
  }
  return odd * 3 >= bytes.length;
}
