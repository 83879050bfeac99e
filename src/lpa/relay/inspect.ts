import { z } from "zod";
import { isEsimdError } from "../../base/errors.js";
import { decodeAuthenticateResponse } from "../es10/authenticate-server.js";
import { decodeCancelSessionResponse } from "../es10/cancel-session.js";
import { decodeEuiccInfo2, toldFreeBytes } from "../es10/euicc-info.js";
import { decodeInstallResult, type InstallResult } from "../es10/install-result.js";
import { decodeStoreMetadata } from "../es10/metadata.js";
import type { OfferedProfile } from "../lpa.js";

/**
 * What the host may learn from the messages that it relays. All of it is optional: firmware and servers deviate, and a message that we
 * cannot read is still relayed. Pure.
 */

const authenticateClientRequest = z.object({ authenticateServerResponse: z.string() });
const authenticateClientAnswer = z.object({ profileMetadata: z.string() });
const packageAnswer = z.object({ boundProfilePackage: z.string() });
const notificationRequest = z.object({ pendingNotification: z.string() });
const cancelRequest = z.object({ cancelSessionResponse: z.string() });

/** Free non-volatile memory of the eUICC in bytes, from the EUICCInfo2 that it signs into authenticateClient. */
export function freeMemoryIn(json: string): number | undefined {
  return read(json, authenticateClientRequest, ({ authenticateServerResponse }) => {
    const response = decodeAuthenticateResponse(base64(authenticateServerResponse));
    return response.kind === "ok" ? toldFreeBytes(decodeEuiccInfo2(response.signed.euiccInfo2)) : undefined;
  });
}

/** The offer in the answer to authenticateClient. */
export function offerIn(json: string): OfferedProfile | undefined {
  return read(json, authenticateClientAnswer, ({ profileMetadata }) => {
    const { iccid, serviceProvider, name } = decodeStoreMetadata(base64(profileMetadata));
    return { iccid, serviceProvider, name };
  });
}

/** Size of the package in the answer to getBoundProfilePackage, a little more than the profile will take on the eUICC. */
export function packageBytesIn(json: string): number | undefined {
  return read(json, packageAnswer, ({ boundProfilePackage }) => base64(boundProfilePackage).length);
}

/** The eUICC's install result in a handleNotification request; undefined for notifications of other kinds. */
export function installResultIn(json: string): InstallResult | "unreadable" | undefined {
  const bytes = read(json, notificationRequest, ({ pendingNotification }) => base64(pendingNotification));
  if (bytes === undefined || bytes[0] !== installResultTag[0] || bytes[1] !== installResultTag[1]) return undefined;
  try {
    return decodeInstallResult(bytes);
  } catch (error) {
    if (isEsimdError(error)) return "unreadable";
    throw error;
  }
}

/** BF37, the tag of a ProfileInstallationResult (SGP.22 5.7.6). */
const installResultTag = [0xbf, 0x37] as const;

/** The reason of a cancelSession that the modem wants to send. */
export function cancelReasonIn(json: string): string | undefined {
  return read(json, cancelRequest, ({ cancelSessionResponse }) => {
    const response = decodeCancelSessionResponse(base64(cancelSessionResponse));
    return response.kind === "ok" ? response.reason : undefined;
  });
}

function read<Shape, Value>(json: string, schema: z.ZodType<Shape>, take: (shape: Shape) => Value): Value | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(json));
    return parsed.success ? take(parsed.data) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isEsimdError(error)) return undefined;
    throw error;
  }
}

function base64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
