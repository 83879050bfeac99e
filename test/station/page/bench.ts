import { type Clock, systemClock } from "../../../src/base/clock.js";
import { type Log, silentLog } from "../../../src/base/logging.js";
import type { Assets } from "../../../src/station/page/assets.js";
import { type Exports, type OpenPage, openPage, type PageTls } from "../../../src/station/page/open.js";
import { RehearsedStation } from "../rehearsed.js";
import { freshAssets } from "./assets.js";

/** A page on a rehearsed station, on a port of its own. */

export interface PageBench {
  readonly station: RehearsedStation;
  readonly page: OpenPage;
  readonly url: string;
}

export interface BenchOptions {
  readonly slots?: number;
  readonly name?: string;
  readonly budget?: number;
  readonly sheet?: number;
  readonly password?: string;
  readonly tls?: PageTls;
  readonly host?: string;
  readonly port?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly exports?: Exports;
}

let assets: Promise<Assets> | undefined;

export async function onPage<T>(options: BenchOptions, work: (bench: PageBench) => Promise<T>): Promise<T> {
  const {
    slots = 8,
    host = "127.0.0.1",
    port = 0,
    clock = systemClock,
    log = silentLog,
    password,
    tls,
    name,
    budget,
    sheet,
  } = options;
  const station = new RehearsedStation({
    clock,
    slots,
    ...(name === undefined ? {} : { name }),
    ...(budget === undefined ? {} : { budget }),
    ...(sheet === undefined ? {} : { sheet }),
  });
  assets ??= freshAssets();
  const closed = new AbortController();
  const page = await openPage(
    {
      listen: { host, port },
      password,
      tls,
      control: station,
      exports: options.exports ?? exportsOf(station),
      clock,
      log,
      assets: await assets,
    },
    closed.signal,
  );
  try {
    return await work({ station, page, url: page.url });
  } finally {
    await page.close();
  }
}

/** What the records make, in their place: as large as the station's units. */
function exportsOf(station: RehearsedStation): Exports {
  const serials = (): readonly string[] => station.search("", 1_000).map(({ serial }) => serial);
  return {
    csv: async () => ({
      contentType: "text/csv; charset=utf-8",
      fileName: "2026-11-27-A.csv",
      body: `serial\r\n${serials().join("\r\n")}\r\n`,
    }),
    json: async () => ({
      contentType: "application/json",
      fileName: "2026-11-27-A.json",
      body: JSON.stringify(serials()),
    }),
    report: async () => ({
      contentType: "text/html; charset=utf-8",
      fileName: "2026-11-27-A.html",
      body: `<!doctype html><title>Batch</title><style>p { color: rgb(1, 2, 3) }</style><p>${serials().length} units</p><script>document.title = "run"</script>`,
    }),
  };
}
