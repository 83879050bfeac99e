import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import { type Eid, parseEid, parseIccid } from "../../base/identifiers.js";
import { profileOperations } from "../../lpa/es10/common.js";
import { curves } from "../pki/curves.js";

/**
 * What an eUICC keeps without power, as plain JSON. Challenges, sessions and half-loaded packages are not in it: they die with a reset
 * (SGP.22, 5.7.6), and a state that is read back from a file has been through one.
 */

const hex = z.string().regex(/^([0-9a-f]{2})*$/i);
const iccid = z.string().transform((value) => parseIccid(value, "the eUICC's state"));
const operation = z.enum(profileOperations);

const profileSchema = z.strictObject({
  iccid,
  isdpAid: hex,
  state: z.enum(["enabled", "disabled"]),
  profileClass: z.enum(["test", "provisioning", "operational"]),
  nickname: z.string().max(64).optional(),
  serviceProvider: z.string().max(128),
  name: z.string().max(256),
  notifications: z.array(z.strictObject({ operation, address: z.string().max(255) })).max(32),
  policyRules: z.array(z.enum(["pprUpdateControl", "ppr1", "ppr2", "ppr3"])).max(4),
  /** Of the profile as it was installed, decrypted. */
  sizeBytes: z.number().int().min(0),
  sha256: hex,
});

const notificationSchema = z.strictObject({
  seqNumber: z.number().int().min(0),
  operation,
  address: z.string().max(255),
  iccid: iccid.optional(),
  /** The whole PendingNotification, signed. */
  der: hex,
});

const stateSchema = z.strictObject({
  schema: z.literal("esimd.euicc/1"),
  eid: z.string().transform((value) => parseEid(value, "the eUICC's state")),
  memoryBytes: z.number().int().min(0),
  defaultSmdpAddress: z.string().max(255).optional(),
  rootSmdsAddress: z.string().max(255).optional(),
  nextSeqNumber: z.number().int().min(0),
  nextIsdp: z.number().int().min(0).max(0xffff),
  profiles: z.array(profileSchema).max(200),
  notifications: z.array(notificationSchema).max(500),
  /** The one-time key of a download that did not come to an end; the SM-DP+ may want it used again. */
  keptOneTimeKey: z
    .strictObject({ smdpOid: z.string(), curve: z.enum(curves), privateHex: hex, publicHex: hex })
    .optional(),
});

export type EuiccState = z.output<typeof stateSchema>;
export type StoredProfile = EuiccState["profiles"][number];
export type StoredNotification = EuiccState["notifications"][number];

export interface NewEuicc {
  readonly eid: Eid;
  /** Room for profiles; the default takes several of 150 kB. */
  readonly memoryBytes?: number;
  readonly defaultSmdpAddress?: string | undefined;
  readonly rootSmdsAddress?: string | undefined;
}

/** As it comes from the factory. */
export function newEuiccState(options: NewEuicc): EuiccState {
  const { eid, memoryBytes = 1_000_000, defaultSmdpAddress, rootSmdsAddress } = options;
  return {
    schema: "esimd.euicc/1",
    eid,
    memoryBytes,
    ...(defaultSmdpAddress === undefined ? {} : { defaultSmdpAddress }),
    ...(rootSmdsAddress === undefined ? {} : { rootSmdsAddress }),
    nextSeqNumber: 1,
    nextIsdp: 0x10,
    profiles: [],
    notifications: [],
  };
}

/** @throws EsimdError `bad_input`, naming `place`, when the JSON is not the state of an eUICC. */
export function parseEuiccState(json: unknown, place: string): EuiccState {
  const parsed = stateSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  throw new EsimdError("bad_input", `${place}: not the state of an emulated eUICC: ${where} ${issue?.message ?? ""}`);
}
