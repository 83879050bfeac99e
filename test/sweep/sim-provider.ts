import type { OpenHttpTransport } from "../../src/api/transport.js";
import { sleep, VirtualClock } from "../../src/base/clock.js";
import { parseSmdpAddress } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { type Random, seededRandom } from "../../src/base/random.js";
import type { Behaviour } from "../../src/emulator/api/behaviours.js";
import { progressPath } from "../../src/emulator/api/progress.js";
import { type ApiService, createApiService } from "../../src/emulator/api/service.js";
import { createEs2PlusSupplier } from "../../src/emulator/api/supplier.js";
import type { Pki } from "../../src/emulator/pki/pki.js";
import { checkScenario, type ScenarioInput } from "../../src/emulator/smdp/scenario.js";
import { createSmdpService, type SmdpService } from "../../src/emulator/smdp/service.js";

/** The provider's side of the simulation: API and SM-DP+, on the one clock that is right. */
export interface SimProvider {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly api: ApiService;
  readonly smdp: SmdpService;
  close(): Promise<void>;
}

export interface SimProviderOptions {
  readonly pki: Pki;
  readonly apiBehaviours?: readonly Behaviour[];
  readonly smdpScenario?: ScenarioInput;
}

export const smdpAddress = parseSmdpAddress("smdp.sweep.example", "the sweep");
export const apiUrl = "https://api.sweep.example";

export function createSimProvider({ pki, apiBehaviours = [], smdpScenario = {} }: SimProviderOptions): SimProvider {
  const clock = new VirtualClock(Date.now());
  const random = seededRandom(5);
  const quick = { clock, random, log: silentLog };
  let api: ApiService | undefined;
  const smdp = createSmdpService({
    ...quick,
    pki,
    address: smdpAddress,
    profileSizeBytes: 2_000,
    // Three sessions, as the emulator allows by itself, are fewer than a device may need that loses its power again and again.
    scenario: checkScenario({ maxAttempts: 50, ...smdpScenario }, "the sweep"),
    postProgress: async (url, body) => {
      await sleep(clock, 30);
      const path = new URL(url).pathname;
      const served = await api?.answer({
        method: "POST",
        path,
        query: "",
        contentType: "application/json",
        authorization: undefined,
        body,
      });
      return served?.answer.kind === "reply" ? served.answer.reply.status : 500;
    },
  });
  const supplier = createEs2PlusSupplier({
    clock,
    host: smdpAddress,
    progressUrl: `http://127.0.0.1:9${progressPath}`,
    releaseSeparately: false,
    openTransport: es2PlusTransport(smdp, clock),
  });
  const service = createApiService({
    ...quick,
    url: apiUrl,
    supplier,
    behaviours: apiBehaviours,
    timing: { toReservingMs: 200, toAvailableMs: 600, simScheduledMs: 400 },
  });
  api = service;
  return {
    clock,
    random,
    api: service,
    smdp,
    close: async () => {
      await smdp.close();
      await service.close();
    },
  };
}

function es2PlusTransport(smdp: SmdpService, clock: VirtualClock): OpenHttpTransport {
  return () => ({
    exchange: async ({ method, url, headers, body }) => {
      await sleep(clock, 20);
      const answer = await smdp.answer({ method, path: url.pathname, headers, body, isTls: false });
      if (answer.kind === "cut") throw new Error("no emulator cuts the line of another");
      return { kind: "answer", status: answer.status, header: () => undefined, body: answer.body };
    },
    close: async () => undefined,
  });
}
