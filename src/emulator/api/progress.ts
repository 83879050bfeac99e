import { z } from "zod";
import { parseIccid } from "../../base/identifiers.js";
import { readEid } from "./identifiers.js";
import { accept, type Read, refuse } from "./parameters.js";
import { json } from "./replies.js";
import type { ProgressReport } from "./reservations.js";

/** ES2+.HandleDownloadProgressInfo (SGP.22, 5.3.5 and 6.5.2.5), as the SM-DP+ sends it. */

export const progressPath = "/gsma/rsp2/es2plus/handleDownloadProgressInfo";

const shape = z.object({
  header: z.object({
    functionRequesterIdentifier: z.string().max(255),
    functionCallIdentifier: z.string().max(255),
  }),
  eid: z.string().max(32).nullish(),
  iccid: z.string().max(32),
  profileType: z.string().max(255),
  timestamp: z.string().max(64),
  notificationPointId: z.number().int(),
  notificationPointStatus: z.object({
    status: z.enum(["Executed-Success", "Executed-WithWarning", "Failed", "Expired"]),
    statusCodeData: z
      .object({
        subjectCode: z.string().max(50),
        reasonCode: z.string().max(50),
        message: z.string().max(500).nullish(),
      })
      .nullish(),
  }),
  resultData: z.string().max(100_000).nullish(),
});

/** Points 3 (BPP download) and 4 (BPP installation) move a reservation; of the others undefined is accepted. */
export function readProgress(body: string): Read<ProgressReport | undefined> {
  const parsed = shape.safeParse(parseJsonOrNull(body));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join(".") ?? "";
    return refuse(json(400, { message: `handleDownloadProgressInfo: ${where} ${issue?.message ?? "malformed"}` }));
  }
  const { notificationPointId: id, notificationPointStatus, iccid, eid } = parsed.data;
  if (!/^\d{18,20}F?$/i.test(iccid))
    return refuse(json(400, { message: "handleDownloadProgressInfo: iccid is malformed" }));
  if (id !== 3 && id !== 4) return accept(undefined);
  const { status, statusCodeData: code } = notificationPointStatus;
  return accept({
    iccid: parseIccid(iccid, "handleDownloadProgressInfo"),
    eid: eid == null ? undefined : readEid(eid),
    point: id === 3 ? "package-delivered" : "installation",
    outcome: status === "Executed-Success" || status === "Executed-WithWarning" ? "success" : "failure",
    error: {
      code: code == null ? status : `${code.subjectCode}/${code.reasonCode}`,
      message: code?.message ?? `${id === 3 ? "download" : "installation"} of the profile failed`,
    },
  });
}

function parseJsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
