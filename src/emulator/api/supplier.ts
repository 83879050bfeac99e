import { z } from "zod";
import { createHttpTransport, type OpenHttpTransport } from "../../api/transport.js";
import type { Clock } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import { type Eid, type Iccid, parseIccid, parseMatchingId, parseSmdpAddress } from "../../base/identifiers.js";
import type { Random } from "../../base/random.js";
import { makeIccid, makeMatchingId } from "./identifiers.js";

/** Where reserved profiles come from. */
export interface ProfileSupplier {
  /** Resolves once the profile can be downloaded. @throws EsimdError when none was reserved. */
  order(order: ProfileOrder, signal: AbortSignal): Promise<SuppliedProfile>;
  close(): Promise<void>;
}

export interface ProfileOrder {
  readonly eid: Eid | undefined;
  readonly wantsMatchingId: boolean;
}

export interface SuppliedProfile {
  readonly iccid: Iccid;
  /** A bare host, with its port where that is not 443. */
  readonly smdpAddress: string;
  readonly matchingId: string | undefined;
}

/** Without an SM-DP+: identifiers are made up, and nothing can be downloaded. */
export function createInventedSupplier(random: Random, smdpAddress: string): ProfileSupplier {
  let serial = 0;
  return {
    order: ({ wantsMatchingId }) =>
      Promise.resolve({
        iccid: makeIccid(++serial),
        smdpAddress,
        matchingId: wantsMatchingId ? makeMatchingId(random) : undefined,
      }),
    close: () => Promise.resolve(),
  };
}

export interface Es2PlusOptions {
  readonly clock: Clock;
  /** HOST:PORT of the SM-DP+'s ES2+ interface; also the address for devices where confirmOrder names none. */
  readonly host: string;
  /** Where the SM-DP+ is to report the progress of downloads. */
  readonly progressUrl: string;
  /** Confirm with releaseFlag false and release by a call of its own. */
  readonly releaseSeparately: boolean;
  /** How its requests travel; over undici when left out. */
  readonly openTransport?: OpenHttpTransport;
}

const responseHeader = z.object({
  functionExecutionStatus: z.object({
    status: z.string().max(50),
    statusCodeData: z
      .object({
        subjectCode: z.string().max(50),
        reasonCode: z.string().max(50),
        message: z.string().max(500).nullish(),
      })
      .nullish(),
  }),
});

const orderAnswer = z.object({ header: responseHeader, iccid: z.string().max(32) });
const confirmAnswer = z.object({
  header: responseHeader,
  eid: z.string().max(32).nullish(),
  matchingId: z.string().max(128).nullish(),
  smdpAddress: z.string().max(255).nullish(),
});
const plainAnswer = z.object({ header: responseHeader });
type Es2Answer = z.output<typeof plainAnswer>;

/** The operator's side of ES2+ (SGP.22, 5.3 and 6.5): DownloadOrder, ConfirmOrder, and ReleaseProfile where it is wanted. */
export function createEs2PlusSupplier(options: Es2PlusOptions): ProfileSupplier {
  const { clock, host, progressUrl, releaseSeparately, openTransport = createHttpTransport } = options;
  const transport = openTransport({ clock, connectTimeoutMs: 5000, requestTimeoutMs: 15_000 });
  let calls = 0;

  const call = async <T extends Es2Answer>(
    name: string,
    fields: Readonly<Record<string, unknown>>,
    shape: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    const header = { functionRequesterIdentifier: "esimd-fake-api", functionCallIdentifier: `${name}-${++calls}` };
    const answer = await transport.exchange(
      {
        method: "POST",
        url: new URL(`http://${host}/gsma/rsp2/es2plus/${name}`),
        headers: {
          "content-type": "application/json",
          "x-admin-protocol": "gsma/rsp/v2.2.0",
          "x-progress-url": progressUrl,
        },
        body: JSON.stringify({ header, ...fields }),
      },
      signal,
    );
    if (answer.kind === "failure")
      throw new EsimdError("smdp_unreachable", answer.error.message, { cause: answer.error });
    const place = `ES2+ ${name} at ${host}`;
    if (answer.status !== 200) throw new EsimdError("smdp_error", `${place}: HTTP ${answer.status}`);
    const parsed = shape.safeParse(parseJsonOrNull(answer.body));
    const status = parsed.success ? parsed.data : plainAnswer.safeParse(parseJsonOrNull(answer.body)).data;
    const execution = status?.header.functionExecutionStatus;
    if (execution !== undefined && !/^Executed-(Success|WithWarning)$/.test(execution.status)) {
      const code = execution.statusCodeData;
      const reason = code == null ? "" : ` ${code.subjectCode}/${code.reasonCode} ${code.message ?? ""}`.trimEnd();
      throw new EsimdError("smdp_error", `${place}: ${execution.status}${reason}`);
    }
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new EsimdError(
        "smdp_protocol",
        `${place}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "malformed"}`,
      );
    }
    return parsed.data;
  };

  return {
    order: async ({ eid, wantsMatchingId }, signal) => {
      const eidField = eid === undefined ? {} : { eid };
      const profileType = "esimd-emulated";
      const ordered = await call("downloadOrder", { ...eidField, profileType }, orderAnswer, signal);
      const { iccid } = ordered;
      // Left out, the SM-DP+ makes a matching id up; empty, the order is found by its EID: the default SM-DP+ way (SGP.22, 5.3.2).
      const matchingIdField = wantsMatchingId ? {} : { matchingId: "" };
      const confirm = { iccid, ...eidField, ...matchingIdField, releaseFlag: !releaseSeparately };
      const confirmed = await call("confirmOrder", confirm, confirmAnswer, signal);
      if (releaseSeparately) await call("releaseProfile", { iccid }, plainAnswer, signal);
      return readSupplied(confirmed, iccid, host, wantsMatchingId);
    },
    close: () => transport.close(),
  };
}

function readSupplied(
  confirmed: z.output<typeof confirmAnswer>,
  iccid: string,
  host: string,
  wantsMatchingId: boolean,
): SuppliedProfile {
  const place = `ES2+ at ${host}`;
  try {
    const smdpAddress = parseSmdpAddress(confirmed.smdpAddress ?? host, place);
    if (!wantsMatchingId) return { iccid: parseIccid(iccid, place), smdpAddress, matchingId: undefined };
    const matchingId = parseMatchingId(confirmed.matchingId ?? "", place);
    return { iccid: parseIccid(iccid, place), smdpAddress, matchingId };
  } catch (cause) {
    if (!isEsimdError(cause)) throw cause;
    throw new EsimdError("smdp_protocol", cause.message, { cause });
  }
}

function parseJsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
