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
  /** True for a real UART, the only port whose speed means anything. */
  readonly isUart?: boolean;
  /** Sets the host's speed; what is on its way at that moment is lost. Only a port that has a speed offers it; rejects with `serial_io`. */
  setBaud?(baud: number): Promise<void>;
  /** Idempotent; `onGone` is not called for it. */
  close(): Promise<void>;
}

/** Opens a port; rejects with `port_missing`, `port_busy`, `port_forbidden` or `serial_io`. */
export type OpenPort = (address: string, signal: AbortSignal) => Promise<BytePort>;
