import { z } from "zod";

/**
 * The report: what a run ended with, for programs. docs/report.md and docs/report.schema.json are generated from here. It is whole (EID,
 * ICCID) where it is a result; logs mask it.
 */

const nullableText = z.string().nullable();

export const reportSchema = z.strictObject({
  schema: z.literal("esimd.report/1").describe("Name and version of this format."),
  state: z
    .enum(["provisioned", "failed", "held"])
    .describe("How the run ended; held: nothing more is done until a person decides."),
  changed: z.boolean().describe("Whether the run changed anything: a reservation, the Sim, the eUICC."),
  eid: nullableText.describe("The eUICC's EID, 32 digits."),
  iccid: nullableText.describe("The ICCID of the profile that the eUICC is to use."),
  esimProfile: z
    .strictObject({
      sid: z.string().describe("The reservation at the provider."),
      status: z.string().describe("Its status when it was last seen."),
      method: z.enum(["eid", "activation-code"]).describe("How its profile is claimed."),
      smdpAddress: nullableText.describe("The SM-DP+ that holds it."),
    })
    .nullable()
    .optional()
    .describe("The reservation; absent with provider none, null while there is none."),
  sim: z
    .strictObject({
      sid: z.string().describe("The Sim at the provider."),
      status: z.string().describe("Its status when it was last seen."),
      fleet: nullableText.describe("The Fleet's SID."),
    })
    .nullable()
    .describe("The Sim resource that belongs to the profile."),
  modem: z
    .strictObject({
      port: z.string().describe("As it was named to esimd."),
      vendor: nullableText.describe("AT+CGMI."),
      model: nullableText.describe("AT+CGMM."),
      revision: nullableText.describe("AT+CGMR."),
      imei: nullableText.describe("AT+CGSN."),
      dialect: nullableText.describe("The dialect that esimd speaks with it."),
      lpa: nullableText.describe("Who does the downloading: modem-relay, modem-network or host."),
    })
    .describe("The modem, as far as it was asked."),
  network: z
    .strictObject({
      registered: z.boolean().describe("At home or roaming."),
      state: z.string().describe("home, roaming, searching, denied, not-registered or unknown."),
      operator: nullableText.describe("As the modem names it."),
    })
    .nullable()
    .describe("The registration when it was last read; null when it was not."),
  connectivity: z
    .strictObject({
      up: z.boolean().nullable().describe("Whether the profile has service; null where that could not be told."),
      why: nullableText.describe("What it lacks, or why it could not be told."),
      fallbackIccid: nullableText.describe("The profile that the device is back on; null while it uses its own."),
    })
    .optional()
    .describe("What the check of the profile's service found; absent where none was made."),
  error: z
    .strictObject({
      code: z.string().describe("A code of docs/errors.md."),
      message: z.string().describe("One sentence that names the value and the place."),
      actor: z.enum(["operator", "device-maker", "vendor", "network", "esimd", "none"]).describe("Who must act."),
      retry: z.enum(["never", "later", "now"]).describe("Whether another run is worth it."),
      hint: z.string().describe("What the actor does next."),
    })
    .nullable()
    .describe("Why the run failed or is held; null when it is provisioned."),
  timings: z.record(z.string(), z.number()).describe("Milliseconds spent in each state, and in all as total."),
  startedAt: z.iso.datetime().describe("By the device's clock, UTC."),
  finishedAt: z.iso.datetime().describe("By the device's clock, UTC."),
});

export type Report = z.infer<typeof reportSchema>;
