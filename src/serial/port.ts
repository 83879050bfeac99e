import type { EsimdError } from "../base/errors.js";

/** An open line to a modem: bytes in both directions, exclusively ours until closed. What lies behind it (tty, socket) does not show. */
export interface BytePort {
  /** As the user named it, for sentences. */
  readonly name: string;
  /** Resolves when the bytes are handed to the line; rejects with `serial_io` or `serial_gone`. */
  write(bytes: Uint8Array): Promise<void>;
  /** One listener; bytes that arrived before it was set are delivered to it at once. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Called once when the line ends without our asking: unplugged, hung up, failed. */
  onGone(listener: (error: EsimdError) => void): void;
  /** Idempotent; `onGone` is not called for it. */
  close(): Promise<void>;
}

/** Opens a port; rejects with `port_missing`, `port_busy`, `port_forbidden` or `serial_io`. */
export type OpenPort = (address: string, signal: AbortSignal) => Promise<BytePort>;
