import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.js";
import { EsimdError } from "../../src/base/errors.js";
import { parseActivationCode } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { systemRandom } from "../../src/base/random.js";
import { connectModem } from "../../src/daemon/modem-session.js";
import type { EmulatedEuicc } from "../../src/emulator/euicc/euicc.js";
import { type FakeModem, startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import type { Pki } from "../../src/emulator/pki/pki.js";
import { noSegmentMemory } from "../../src/lpa/apdu/segment-size.js";
import { createEs9PlusClient, type Es9PlusClient, type Es9PlusFunction } from "../../src/lpa/es9plus/client.js";
import {
  decodeNotificationList,
  decodeRetrievedNotifications,
  encodeListNotifications,
  encodeRemoveNotification,
  encodeRetrieveNotification,
} from "../../src/lpa/es10/notifications.js";
import { encodeDeleteProfile, encodeDisableProfile } from "../../src/lpa/es10/profile-operations.js";
import type { DownloadRequest, DownloadSession, Lpa } from "../../src/lpa/lpa.js";
import { openLpa } from "../../src/lpa/open.js";
import { detectDialect } from "../../src/modem/detect.js";
import { ownCatalogue } from "../../src/modem/dialects/index.js";
import { readIdentity } from "../../src/modem/identity.js";
import type { ForeignSmdp } from "./foreign-smdp.js";
import type { Outcome } from "./outcome.js";
import { testProfile } from "./sgp26.js";

/** Which LPA talks to the foreign SM-DP+: the emulated modem's own, its HTTPS carried by us, or esimd's. */
export type WhoseLpa = "modem" | "host";

export interface SmdpPeer {
  readonly smdp: ForeignSmdp;
  /** Certifies our eUICC, under a root that the SM-DP+ trusts. */
  readonly pki: Pki;
  /** Of the SM-DP+'s TLS certificate. */
  readonly ciRoots: readonly string[];
  readonly matchingId: string;
}

/** One ES9+ call and how the SM-DP+ took it. */
interface Call {
  readonly name: Es9PlusFunction;
  readonly httpStatus: number;
  /** Subject and reason, where it refused. */
  readonly refusal: string | undefined;
}

const never = new AbortController().signal;
const downloadTimeoutMs = 120_000;
const quickModem = { simBusyMs: 100, registrationMs: 100 };

/** A modem's own LPA reaches its card by itself; ours by either way. */
const cardAccess = { modem: ["channels"], host: ["channels", "csim"] } as const;
const ways = { channels: "AT+CGLA", csim: "AT+CSIM" } as const;

export async function checkSmdp(whose: WhoseLpa, peer: SmdpPeer, outcome: Outcome): Promise<void> {
  for (const access of cardAccess[whose]) {
    const name =
      whose === "host" ? `esimd's LPA by ${ways[access]}, foreign SM-DP+` : "modem's LPA, relayed, foreign SM-DP+";
    const check: CheckHere = (what, ok, detail) => outcome.check(`${name}: ${what}`, ok, detail);
    await outcome.story(name, async () => {
      const dir = await mkdtemp(join(tmpdir(), "esimd-peers-"));
      const modem = await startFakeModem({
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        wire: { kind: "pty", link: join(dir, "modem") },
        pki: peer.pki,
        world: { ...quickModem, cardAccess: access },
      });
      try {
        await onModem(modem, whose, peer, (story) => tell(story, check));
      } finally {
        await modem.close();
        await rm(dir, { recursive: true, force: true });
      }
    });
  }
}

interface SmdpStory {
  readonly lpa: Lpa;
  readonly euicc: EmulatedEuicc;
  readonly peer: SmdpPeer;
  /** What was asked of the SM-DP+ so far; to be emptied between the checks. */
  readonly calls: Call[];
  download(matchingId: string, onOffer?: DownloadRequest["onOffer"]): Promise<DownloadSession>;
  /** Hands over every notification that the eUICC still has, and says how each was taken. */
  deliver(): Promise<readonly Call[]>;
}

async function onModem(
  modem: FakeModem,
  whose: WhoseLpa,
  peer: SmdpPeer,
  tellStory: (story: SmdpStory) => Promise<void>,
): Promise<void> {
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  const calls: Call[] = [];
  const { smdp, ciRoots } = peer;
  const es9Plus = recording(await createEs9PlusClient({ ...parts, ciRoots, locate: smdp.locate }), calls);
  const line = await connectModem(modem.port, { ...parts, wakeMs: 10_000 }, never);
  try {
    const dialect = await detectDialect(line, "auto", ownCatalogue, await readIdentity(line, never), never);
    if (dialect === undefined) throw new Error("the fake modem speaks no dialect that esimd knows");
    let segmentBytes: number | undefined;
    const segments = {
      ...noSegmentMemory,
      recall: () => Promise.resolve(segmentBytes),
      remember: (bytes: number) => {
        segmentBytes = bytes;
        return Promise.resolve();
      },
    };
    const lpa = await openLpa(
      {
        line,
        dialect,
        wanted: whose,
        imei: undefined,
        segments,
        es9Plus: () => Promise.resolve(es9Plus),
        log: silentLog,
      },
      never,
    );
    await tellStory({
      lpa,
      euicc: modem.euicc,
      peer,
      calls,
      download: (matchingId, onOffer = () => Promise.resolve()) =>
        lpa.download(
          {
            activationCode: parseActivationCode(`LPA:1$${smdp.address}$${matchingId}`, "the peers"),
            confirmationCode: undefined,
            expectedIccid: undefined,
            timeoutMs: downloadTimeoutMs,
            onOffer,
            onProgress: () => undefined,
          },
          never,
        ),
      deliver: () => deliverAll(modem.euicc, es9Plus, smdp, calls),
    });
    await lpa.close(never);
  } finally {
    await line.channel.close();
    await es9Plus.close();
  }
}

type CheckHere = (what: string, ok: boolean, detail: string) => void;

async function tell(story: SmdpStory, check: CheckHere): Promise<void> {
  const { euicc, peer, calls, lpa } = story;
  const { matchingId } = peer;

  const unknown = await story.download("NOT-THERE");
  check(
    "unknown matching id",
    unknown.reported !== "installed" &&
      euicc.profiles.length === 0 &&
      calls.some(({ name, refusal }) => name === "authenticateClient" && refusal !== undefined),
    `${summaryOf(calls)}; ${unknown.error?.message ?? unknown.reported}`,
  );

  calls.length = 0;
  const declined = await story.download(matchingId, () =>
    Promise.reject(new EsimdError("wrong_profile", "the offered profile is declined")),
  );
  check(
    "profile declined",
    declined.reported !== "installed" && euicc.profiles.length === 0,
    `${summaryOf(calls)}; ${declined.error?.message ?? declined.reported}`,
  );

  calls.length = 0;
  const session = await story.download(matchingId);
  const [profile] = euicc.profiles;
  const wanted = testProfile(matchingId);
  const bytes =
    wanted === undefined
      ? "not compared, the profile is not at hand"
      : profile?.sha256 === createHash("sha256").update(wanted).digest("hex")
        ? "those of the test profile"
        : "OTHER THAN THE TEST PROFILE";
  check(
    "download",
    session.reported === "installed" && profile?.state === "disabled" && !bytes.startsWith("OTHER"),
    `${session.error?.message ?? `${profile?.sizeBytes} bytes installed, ${bytes}`}; "${profile?.name}" of ${profile?.serviceProvider}`,
  );
  check(
    "install result",
    session.resultDelivery === "delivered" &&
      calls.at(-1)?.httpStatus === 204 &&
      euicc.toJSON().notifications.length === 0,
    `${session.resultDelivery}; ${summaryOf(calls)}`,
  );
  if (profile === undefined) return;
  const { iccid } = profile;

  calls.length = 0;
  const again = await story.download(matchingId);
  const [error] = await story.deliver();
  check(
    "the same profile again",
    again.reported === "failed" && euicc.profiles.length === 1 && (error ?? calls.at(-1))?.httpStatus === 204,
    `${again.error?.message ?? again.reported}; its error result is accepted`,
  );

  await lpa.enableProfile(iccid, never);
  check(
    "enable",
    euicc.profiles[0]?.state === "enabled",
    `${(await story.lpa.listProfiles(never)).length} profile listed`,
  );
  const own = await lpa.deliverNotifications(iccid, [], never);
  const id = { by: "iccid", iccid } as const;
  euicc.es10(encodeDisableProfile({ id, refresh: false }));
  euicc.es10(encodeDeleteProfile({ by: "iccid", iccid }));
  const told = await story.deliver();
  check(
    "enable, disable and delete notifications",
    own.delivered + told.length === 3 &&
      told.every(({ httpStatus }) => httpStatus === 204) &&
      euicc.profiles.length === 0 &&
      euicc.toJSON().notifications.length === 0,
    `${own.delivered} delivered by the LPA, ${told.length} by this program, all accepted`,
  );
}

function recording(client: Es9PlusClient, calls: Call[]): Es9PlusClient {
  return {
    post: async (smdp, name, json, signal) => {
      const answer = await client.post(smdp, name, json, signal);
      const { failure, httpStatus } = answer;
      const refusal = failure === undefined ? undefined : `${failure.subjectCode}/${failure.reasonCode}`;
      calls.push({ name, httpStatus, refusal });
      return answer;
    },
    close: () => client.close(),
  };
}

/** The part of an LPA that a modem's own leaves to its owner: in order, forgotten only when accepted. */
async function deliverAll(
  euicc: EmulatedEuicc,
  es9Plus: Es9PlusClient,
  smdp: ForeignSmdp,
  calls: Call[],
): Promise<readonly Call[]> {
  const from = calls.length;
  const listed = decodeNotificationList(euicc.es10(encodeListNotifications()).response);
  for (const { seqNumber } of [...listed].sort((a, b) => a.seqNumber - b.seqNumber)) {
    const [der] = decodeRetrievedNotifications(euicc.es10(encodeRetrieveNotification(seqNumber)).response);
    if (der === undefined) continue;
    const body = JSON.stringify({ pendingNotification: Buffer.from(der).toString("base64") });
    const { httpStatus } = await es9Plus.post(smdp.address, "handleNotification", body, never);
    if (httpStatus === 204) euicc.es10(encodeRemoveNotification(seqNumber));
  }
  return calls.slice(from);
}

function summaryOf(calls: readonly Call[]): string {
  return calls.map(({ name, httpStatus, refusal }) => `${name} ${refusal ?? httpStatus}`).join(", ");
}
