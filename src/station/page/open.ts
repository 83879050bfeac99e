import type { AddressInfo } from "node:net";
import type { Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import type { Log } from "../../base/logging.js";
import type { StationControl } from "../control.js";
import { type Assets, readAssets } from "./assets.js";
import { bounds } from "./bounds.js";
import { checkExposure, isLoopback } from "./exposure.js";
import { ViewFeed } from "./feed.js";
import { Gate } from "./gate.js";
import { type Exports, pageRoutes } from "./routes.js";
import { createPageServer, type PageTls } from "./server.js";

/** The station's page: what `esimd station` opens beside the line. docs/station-page.md has what it shows and who may see it. */

export type { ExportFile } from "./reply.js";
export type { Exports } from "./routes.js";
export type { PageTls } from "./server.js";

export interface PageOptions {
  /** Port 0: any that is free. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Whoever opens the page has to give it. */
  readonly password?: string | undefined;
  /** Contents of PEM files, not their paths. */
  readonly tls?: PageTls | undefined;
  readonly control: StationControl;
  readonly exports: Exports;
  readonly clock: Clock;
  readonly log: Log;
  /** What browsers load; left out: the files beside the program. */
  readonly assets?: Assets | undefined;
}

export interface OpenPage {
  /** Where a browser finds it. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Listens until `close`, or until `signal` aborts.
 * @throws EsimdError `page_exposed` where others could open it without a lock, `config_invalid` where it cannot listen.
 */
export async function openPage(options: PageOptions, signal: AbortSignal): Promise<OpenPage> {
  const { listen, password, tls, control, exports, clock, log } = options;
  const { host, port } = listen;
  if (password === "") throw new EsimdError("config_invalid", "the page's password is empty");
  const lock = {
    hasTls: tls !== undefined,
    hasPassword: password !== undefined,
    hasClientCa: tls?.clientCa !== undefined,
  };
  checkExposure(host, lock);
  signal.throwIfAborted();
  const assets = options.assets ?? readAssets();
  const scheme = tls === undefined ? "http" : "https";
  const gate = new Gate({ origin: { scheme, isLocal: isLoopback(host) }, password, clock, log });
  const feed = new ViewFeed(control, clock);
  const routes = pageRoutes({ control, feed, exports, assets, gate, clock });
  const answer = async (request: Parameters<typeof routes>[0]) => gate.check(request) ?? routes(request);
  const server = serverOf({ tls, answer, clock, log });
  const bound = await withDeadline(
    { clock, timeoutMs: bounds.closeMs, signal, what: "opening the station's page" },
    () => listening(server.http, host.replace(/^\[(.*)\]$/, "$1"), port),
  );
  const onAbort = (): void => {
    close().catch((error: unknown) => log.error({ error }, "the station's page could not be closed"));
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    signal.removeEventListener("abort", onAbort);
    closing ??= withDeadline({ clock, timeoutMs: bounds.closeMs, what: "closing the station's page" }, () =>
      server.close(),
    );
    return closing;
  };
  // `localhost` is what the machine's own files say it is.
  if (isLoopback(host) && !isLoopback(bound.address)) {
    await close();
    checkExposure(bound.address, lock);
  }
  server.http.on("error", (error) => log.error({ error }, "the station's page has trouble"));
  signal.addEventListener("abort", onAbort, { once: true });
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const url = `${scheme}://${name}:${bound.port}/`;
  log.info({ url }, "the station's page is open");
  return { url, close };
}

/** @throws EsimdError `config_invalid` where certificate and key do not fit. */
function serverOf(parts: Parameters<typeof createPageServer>[0]): ReturnType<typeof createPageServer> {
  try {
    return createPageServer(parts);
  } catch (cause) {
    throw new EsimdError("config_invalid", `the page's certificate and key cannot be used: ${describeCause(cause)}`, {
      cause,
      hint: "Give a certificate and its own key, both as PEM.",
    });
  }
}

function listening(
  http: ReturnType<typeof createPageServer>["http"],
  host: string,
  port: number,
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error): void =>
      reject(
        new EsimdError("config_invalid", `the page cannot listen on ${host}:${port}: ${describeCause(cause)}`, {
          cause,
          hint: "Take an address of this host and a port that is free.",
        }),
      );
    http.once("error", refuse);
    http.listen(port, host, () => {
      http.off("error", refuse);
      const bound = http.address();
      if (bound === null || typeof bound === "string") refuse(new Error("it has no port"));
      else resolve(bound);
    });
  });
}
