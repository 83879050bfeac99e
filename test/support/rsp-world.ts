import { request as plainRequest, type RequestOptions } from "node:http";
import { systemClock } from "../../src/base/clock.js";
import { type Eid, type Iccid, parseEid, parseMatchingId } from "../../src/base/identifiers.js";
import { seededRandom } from "../../src/base/random.js";
import { EmulatedEuicc } from "../../src/emulator/euicc/euicc.js";
import { type Es9Post, type ModemDownloadResult, runModemDownload } from "../../src/emulator/euicc/modem-lpa.js";
import { createPki, type Pki } from "../../src/emulator/pki/pki.js";
import { innerConfirmationHash } from "../../src/emulator/rsp/confirmation-code.js";
import { Es9Plus } from "../../src/emulator/smdp/es9plus.js";
import { FunctionFailure } from "../../src/emulator/smdp/failures.js";
import { type Order, OrderBook } from "../../src/emulator/smdp/orders.js";
import { openProfileSource, type ProfileSource } from "../../src/emulator/smdp/profile-source.js";
import type { ProgressEvent } from "../../src/emulator/smdp/progress.js";
import { Behaviours, checkScenario, es9Functions, type ScenarioInput } from "../../src/emulator/smdp/scenario.js";
import { connectToSmdp } from "../../src/lpa/es9plus/tls.js";

/** An eUICC and an SM-DP+ in one process, without HTTP between them. */

export const testEid = parseEid("89049032123451234512345678901235", "the test");
export const otherEid = parseEid("89049032000000000000000000000163", "the test");
export const smdpAddress = "smdp.example.com";

export interface RspWorld {
  readonly pki: Pki;
  readonly euicc: EmulatedEuicc;
  readonly orders: OrderBook;
  readonly profiles: ProfileSource;
  readonly es9: Es9Plus;
  readonly post: Es9Post;
  readonly progress: { readonly iccid: Iccid; readonly event: ProgressEvent }[];
  /** Places and releases an order; found by EID when no matching id is given. */
  order(options: { readonly eid?: Eid; readonly matchingId?: string; readonly confirmationCode?: string }): Order;
  download(options?: {
    readonly euicc?: EmulatedEuicc;
    readonly matchingId?: string;
    readonly confirmationCode?: string;
    readonly post?: Es9Post;
  }): Promise<ModemDownloadResult>;
}

export interface RspWorldOptions {
  readonly pki?: Pki;
  readonly scenario?: ScenarioInput;
  readonly memoryBytes?: number;
  readonly profileFile?: string;
  readonly profileSizeBytes?: number;
}

export function createRspWorld(options: RspWorldOptions = {}): RspWorld {
  const pki = options.pki ?? createPki();
  const scenario = checkScenario(options.scenario ?? {}, "the test's scenario");
  const memory = options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes };
  const euicc = new EmulatedEuicc({ pki, state: { eid: testEid, ...memory } });
  const orders = new OrderBook(scenario);
  const behaviours = new Behaviours(scenario);
  const profiles = openProfileSource({
    random: seededRandom(7),
    file: options.profileFile,
    sizeBytes: options.profileSizeBytes,
  });
  const progress: { iccid: Iccid; event: ProgressEvent }[] = [];
  const es9 = new Es9Plus({
    pki,
    address: smdpAddress,
    orders,
    profiles,
    checksMemory: scenario.checksMemory,
    onProgress: ({ iccid }, event) => progress.push({ iccid, event }),
  });
  const post: Es9Post = async (name, body) => {
    const fn = es9Functions.find((known) => known === name) ?? "initiateAuthentication";
    const status = (functionExecutionStatus: object, fields: object = {}): { status: number; body: string } => ({
      status: 200,
      body: JSON.stringify({ header: { functionExecutionStatus }, ...fields }),
    });
    try {
      const fields = es9.call(fn, JSON.parse(JSON.stringify(body)), behaviours.next(fn));
      return fn === "handleNotification" ? { status: 204, body: "" } : status({ status: "Executed-Success" }, fields);
    } catch (error) {
      if (error instanceof FunctionFailure) return status({ status: "Failed", statusCodeData: error.refusal });
      throw error;
    }
  };
  return {
    pki,
    euicc,
    orders,
    profiles,
    es9,
    post,
    progress,
    order: ({ eid, matchingId, confirmationCode }) => {
      const { iccid } = orders.place({ iccid: profiles.nextIccid(), eid, profileType: "test" });
      return orders.confirm(iccid, {
        eid,
        matchingId: matchingId === undefined ? undefined : parseMatchingId(matchingId, "the test"),
        confirmationHash: confirmationCode === undefined ? undefined : innerConfirmationHash(confirmationCode),
        release: true,
      });
    },
    download: ({ euicc: other, matchingId, confirmationCode, post: otherPost } = {}) =>
      runModemDownload({ euicc: other ?? euicc, smdpAddress, matchingId, confirmationCode, post: otherPost ?? post }),
  };
}

/** ES9+ over HTTPS, with the given root only, by the product's own TLS: Node 24 crashes when an ordinary client meets a certificate on the brainpool curve. */
export function httpsPost(address: string, ca: string): Es9Post {
  const [host = "", port = "443"] = address.split(":");
  return (fn, body) =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "x-admin-protocol": "gsma/rsp/v2.2.0" };
      const options: RequestOptions = {
        path: `/gsma/rsp2/es9plus/${fn}`,
        method: "POST",
        headers: { ...headers, host: address, connection: "close" },
        createConnection: (_options, created) => {
          const tls = { ciRoots: [ca], pins: [], clock: systemClock, timeoutMs: 5_000 };
          connectToSmdp({ host: host ?? "", port: Number(port) }, tls).then(
            (socket) => created(null, socket),
            (error: Error) => reject(error),
          );
          return undefined;
        },
      };
      const outgoing = plainRequest(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      });
      outgoing.on("error", reject);
      outgoing.end(JSON.stringify(body));
    });
}

export interface PlainAnswer {
  readonly status: number;
  readonly body: string;
}

/** Plain HTTP, for ES2+ and the look inside. */
export function plainHttp(
  url: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body } = options;
    const outgoing = plainRequest(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
