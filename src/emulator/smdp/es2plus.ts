import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import { type MatchingId, parseEid, parseIccid, parseMatchingId } from "../../base/identifiers.js";
import type { Random } from "../../base/random.js";
import { innerConfirmationHash } from "../rsp/confirmation-code.js";
import { FunctionFailure, refusals } from "./failures.js";
import type { OrderBook } from "./orders.js";
import type { ProfileSource } from "./profile-source.js";
import type { Es2Function } from "./scenario.js";

/** The operator's functions (SGP.22, 5.3 and 6.5.2): order, confirm, release. JSON fields in and out. */

export interface Es2PlusOptions {
  readonly orders: OrderBook;
  readonly profiles: ProfileSource;
  readonly random: Random;
  /** Where devices find this SM-DP+. */
  readonly address: string;
}

const header = z.object({
  functionRequesterIdentifier: z.string().min(1).max(255),
  functionCallIdentifier: z.string().min(1).max(255),
});
const eid = z
  .string()
  .nullish()
  .transform((text) => (text == null ? undefined : parseEid(text, "eid")));
const iccid = z.string().transform((text) => parseIccid(text, "iccid"));
const shapes = {
  downloadOrder: z.object({ header, eid, iccid: iccid.nullish(), profileType: z.string().max(255).nullish() }),
  confirmOrder: z.object({
    header,
    iccid,
    eid,
    /** Left out: the SM-DP+ makes one up. Empty: the order is to be found by its EID. */
    matchingId: z.string().max(255).nullish(),
    confirmationCode: z.string().min(1).max(255).nullish(),
    releaseFlag: z.boolean(),
  }),
  releaseProfile: z.object({ header, iccid }),
} as const;

/** @throws FunctionFailure */
export function callEs2Plus(
  options: Es2PlusOptions,
  fn: Es2Function,
  body: unknown,
  progressUrl: string | undefined,
): Readonly<Record<string, string>> {
  try {
    return call(options, fn, body, progressUrl);
  } catch (error) {
    if (error instanceof EsimdError)
      throw new FunctionFailure({ ...refusals.mandatoryMissing, message: error.message });
    throw error;
  }
}

function call(
  options: Es2PlusOptions,
  fn: Es2Function,
  body: unknown,
  progressUrl: string | undefined,
): Readonly<Record<string, string>> {
  const { orders, profiles, random, address } = options;
  switch (fn) {
    case "downloadOrder": {
      const request = read(shapes.downloadOrder, body);
      const order = orders.place({
        iccid: request.iccid ?? profiles.nextIccid(),
        eid: request.eid,
        profileType: request.profileType ?? "esimd-emulated",
      });
      if (progressUrl !== undefined) orders.setProgressUrl(order.iccid, progressUrl);
      return { iccid: order.iccid };
    }
    case "confirmOrder": {
      const request = read(shapes.confirmOrder, body);
      const order = orders.confirm(request.iccid, {
        eid: request.eid,
        matchingId: matchingIdOf(request.matchingId, random),
        confirmationHash:
          request.confirmationCode == null ? undefined : innerConfirmationHash(request.confirmationCode),
        release: request.releaseFlag,
      });
      if (progressUrl !== undefined) orders.setProgressUrl(order.iccid, progressUrl);
      return {
        ...(order.eid === undefined ? {} : { eid: order.eid }),
        ...(order.matchingId === undefined ? {} : { matchingId: order.matchingId }),
        smdpAddress: address,
      };
    }
    case "releaseProfile":
      orders.release(read(shapes.releaseProfile, body).iccid);
      return {};
  }
}

function matchingIdOf(given: string | null | undefined, random: Random): MatchingId | undefined {
  if (given === "") return undefined;
  return given == null ? makeMatchingId(random) : parseMatchingId(given, "matchingId");
}

const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** Four groups of five, as they are printed on cards. */
export function makeMatchingId(random: Random): MatchingId {
  const group = (): string =>
    Array.from({ length: 5 }, () => alphabet.charAt(Math.floor(random.next() * alphabet.length))).join("");
  return parseMatchingId([group(), group(), group(), group()].join("-"), "a made-up matching id");
}

function read<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const message = `${issue?.path.join(".") ?? "body"}: ${issue?.message ?? "malformed"}`;
  throw new FunctionFailure({ ...refusals.mandatoryMissing, message });
}
