/** The modem's end of the wire: a pseudo-terminal or a socket. It carries bytes and knows nothing of AT. */

export interface TransportEvents {
  /** Bytes from the host, in any split. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Another host took the place of the last one: half a line of the old one is void. A tty cannot tell, and never calls it. */
  readonly onHostChange: () => void;
}

export interface ModemTransport {
  /** What a host opens: a tty path, `tcp://host:port` or `unix:/path`. */
  readonly address: string;
  /** Hands bytes to the host; dropped while unplugged, while nobody is connected, and beyond {@link backlogBytes} that nobody reads. */
  write(bytes: Uint8Array): void;
  /** The speed of the host's end, where the wire has one and a host is there. */
  readonly hostRate?: () => number | undefined;
  /** The port disappears as an unplugged USB modem's does: the host sees a hang-up. Harmless when unplugged already. */
  unplug(): Promise<void>;
  /** The port is there again; where the transport has a fixed name, under that name. Harmless when plugged. */
  replug(): Promise<void>;
  /** Frees everything. */
  close(): Promise<void>;
}

/** A host that never reads costs at most this much memory; what a modem says beyond it is lost, as with a real USB endpoint. */
export const backlogBytes = 65_536;
