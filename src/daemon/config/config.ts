import type { Eid, SmdpAddress } from "../../base/identifiers.js";
import type { LogLevel } from "../../base/logging.js";

/** The resolved configuration: every value checked, every default filled in. Times in milliseconds, addresses parsed. */
export interface Config {
  /** Journals and the ledger live here. */
  readonly stateDir: string;
  /** Folder of the GSMA roots that an SM-DP+ must chain to. */
  readonly ciRoots: string;
  /** How long one run may take as a whole. */
  readonly deadlineMs: number;
  readonly log: { readonly level: LogLevel };
  /** `concurrency`: how many runs may be on their way at once. */
  readonly daemon: { readonly concurrency: number; readonly socket: SocketWish };
  readonly modem: {
    /** `auto`: the one that is found; `all`: the daemon serves every one that is found. */
    readonly port: string | undefined;
    /** "auto", or the name of a dialect; whether there is such a dialect is the modem room's business. */
    readonly dialect: string;
    readonly lpa: "auto" | "host" | "modem";
    /** The operator's consent: a modem's LPA that holds the ISD-R is switched off, and the modem reset. */
    readonly takeIsdR: boolean;
    readonly expectedEid: Eid | undefined;
    /** How long the modem may be silent when its port was opened. */
    readonly wakeWaitMs: number;
    /** The slot of the eUICC, and the consent to switch to it; undefined: no slot is switched. */
    readonly simSlot: number | undefined;
    readonly apn: string | undefined;
    /** Of a real UART: the rate to raise it to for the run. */
    readonly baud: "keep" | "auto" | number;
    /** How long a run waits for a modem that disappeared. */
    readonly returnWaitMs: number;
    readonly inhibitModemManager: "auto" | "never";
    /** Folder of the operator's own dialects; it need not exist. */
    readonly dialects: string;
  };
  readonly api: {
    readonly provider: "twilio" | "kore" | "none";
    /** Base without a slash at its end; empty for provider `none`. */
    readonly url: string;
    /** Set for provider `kore` only. */
    readonly tokenUrl: string | undefined;
    readonly accountSid: string | undefined;
    readonly key: string | undefined;
    readonly secret: string | undefined;
    readonly callbackUrl: string | undefined;
    readonly callbackMethod: "GET" | "POST";
    readonly timeoutMs: number;
  };
  readonly reservation: {
    readonly method: "eid" | "activation-code";
    readonly maxReservations: number;
    readonly reserveSettleMs: number;
    readonly onUnclear: "retry" | "hold";
    readonly availableWaitMs: number;
  };
  readonly sim: {
    readonly activate: "ready" | "active" | "none";
    readonly when: "before-download" | "during-download" | "after-download";
    readonly fleet: string | undefined;
    /** Template; its placeholders are checked (`uniqueNamePlaceholders` in schema.ts). */
    readonly uniqueName: string | undefined;
    readonly reactivate: boolean;
  };
  readonly download: {
    readonly smdpAddress: SmdpAddress | undefined;
    /** SHA-256 of the TLS certificates that an SM-DP+ may show, lower-case hex; empty for any. */
    readonly smdpPins: readonly string[];
    readonly confirmationCode: string | undefined;
    readonly attempts: number;
    readonly timeoutMs: number;
  };
  readonly confirm: { readonly waitMs: number };
  readonly network: { readonly registrationWaitMs: number };
  readonly connectivity: {
    readonly check: "none" | "registration" | "data";
    readonly rollback: boolean;
    readonly waitMs: number;
    readonly switchesPerDay: number;
    /** With the address that it is asked from. */
    readonly url: { readonly url: URL; readonly localAddress: string; readonly timeoutMs: number } | undefined;
    readonly hook: { readonly path: string; readonly timeoutMs: number } | undefined;
  };
  readonly boot: {
    readonly clockWaitMs: number;
    readonly clockTrust: "evidence" | "build-date";
    readonly networkWaitMs: number;
  };
  readonly defaultSmdp: {
    readonly address: SmdpAddress | undefined;
    readonly set: "never" | "missing" | "always";
    /** The longest pause between two questions whether a profile waits there. */
    readonly pollLongestMs: number;
  };
  readonly callbacks: {
    /** Undefined: off. */
    readonly listen: { readonly host: string; readonly port: number } | undefined;
    /** Undefined: that of the callback URL. */
    readonly path: string | undefined;
    readonly secret: string | undefined;
    readonly tlsCertFile: string | undefined;
    readonly tlsKeyFile: string | undefined;
  };
  readonly outbox: {
    /** How the device is called in events and topics; undefined: by its machine id. */
    readonly device: string | undefined;
    readonly maxBytes: number;
    readonly maxEvents: number;
  };
  readonly webhook: {
    /** Undefined: no webhook. */
    readonly url: string | undefined;
    readonly secret: string | undefined;
    readonly tls: TlsFiles;
    readonly timeoutMs: number;
  };
  readonly mqtt: {
    /** Undefined: no MQTT. */
    readonly url: string | undefined;
    readonly prefix: string;
    readonly clientId: string | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly tls: TlsFiles;
    readonly keepAliveMs: number;
  };
  readonly metrics: {
    /** Where the textfile collector of a node exporter looks. */
    readonly textfile: string | undefined;
  };
  readonly hook: {
    readonly command: string | undefined;
    readonly timeoutMs: number;
  };
}

/** PEM files of a connection; they are read when it is made, so that a renewed certificate is used without a reload. */
export interface TlsFiles {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** Where the control socket is to be. `default`: nobody named a place, and a daemon that cannot have one there works without. */
export type SocketWish =
  | { readonly kind: "none" }
  | { readonly kind: "default"; readonly path: string }
  | { readonly kind: "named"; readonly path: string };
