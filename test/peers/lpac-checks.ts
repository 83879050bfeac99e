import { z } from "zod";
import { keyIdOf } from "../../src/emulator/pki/certificate-writer.js";
import type { ScenarioInput } from "../../src/emulator/smdp/scenario.js";
import { type LpaWorld, type LpaWorldOptions, startLpaWorld } from "./lpa-world.js";
import type { Lpac, LpacAnswer, LpacDriver } from "./lpac.js";
import { LpacStory, said } from "./lpac-story.js";
import type { Outcome } from "./outcome.js";

/** A foreign LPA on our fake modem, eUICC and SM-DP+: what it says, and what the emulators then hold. */

const chipSchema = z.object({
  eidValue: z.string(),
  EuiccConfiguredAddresses: z.object({ defaultDpAddress: z.string().nullable() }),
  EUICCInfo2: z.object({
    svn: z.string().optional(),
    profileVersion: z.string().optional(),
    extCardResource: z.object({ freeNonVolatileMemory: z.number() }),
    euiccCiPKIdListForVerification: z.array(z.string()),
    euiccCiPKIdListForSigning: z.array(z.string()),
  }),
});
const profilesSchema = z.array(
  z.object({
    iccid: z.string(),
    isdpAid: z.string(),
    profileState: z.string(),
    profileNickname: z.string().nullable(),
    serviceProviderName: z.string().nullable(),
    profileName: z.string().nullable(),
  }),
);
const notificationsSchema = z.array(
  z.object({
    seqNumber: z.number(),
    profileManagementOperation: z.string(),
    notificationAddress: z.string(),
    iccid: z.string().nullable(),
  }),
);

const matchingId = "PEER-1";
const nickname = "Peer's own";

/** lpac's own default, and as large as it goes. */
const segmentSizes = [120, 255];

export async function checkLpac(lpac: Lpac, driver: LpacDriver, outcome: Outcome): Promise<void> {
  const inStory = (
    what: string,
    segmentBytes: number,
    world: LpaWorldOptions,
    tell: (story: LpacStory) => Promise<void>,
  ) => {
    const name = `lpac ${driver}, ${what}`;
    return outcome.story(name, () =>
      inWorld(world, (made) => {
        const modem = { driver, device: made.modem.port, segmentBytes };
        return tell(new LpacStory(lpac, modem, made, name, outcome));
      }),
    );
  };
  for (const size of segmentSizes) await inStory(`segments of ${size}`, size, {}, wholeLife);
  await inStory("150 kB", 255, { profileBytes: 150_000 }, oneDownload);
  await inStory("brainpoolP256r1", 255, { curve: "brainpoolP256r1" }, oneDownload);
  await inStory("refusals", 120, {}, refusals);
  await inStory("killed", 120, {}, killedWhileLoading);
  const wrongMac: ScenarioInput = { behaviours: [{ function: "getBoundProfilePackage", do: { kind: "wrong-mac" } }] };
  await inStory("wrong MAC", 120, { scenario: wrongMac }, brokenPackage);
}

async function inWorld(options: LpaWorldOptions, tell: (world: LpaWorld) => Promise<void>): Promise<void> {
  const world = await startLpaWorld(options);
  try {
    await tell(world);
  } finally {
    await world.close();
  }
}

async function wholeLife(story: LpacStory): Promise<void> {
  const { world } = story;
  const { euicc } = world.modem;
  const { address } = world.smdp;

  const info = chipSchema.parse((await story.run("chip", "info")).data);
  const keyId = Buffer.from(keyIdOf(world.pki.ci.publicKey)).toString("hex");
  const { EUICCInfo2: info2, EuiccConfiguredAddresses: addresses } = info;
  story.check(
    "chip info",
    info.eidValue === euicc.eid &&
      addresses.defaultDpAddress === address &&
      info2.euiccCiPKIdListForVerification.includes(keyId) &&
      info2.euiccCiPKIdListForSigning.includes(keyId) &&
      info2.extCardResource.freeNonVolatileMemory === euicc.freeBytes,
    `EID ${info.eidValue}, SGP.22 ${info2.svn}, default SM-DP+, CI key id and free memory as the eUICC has them`,
  );
  const empty = await story.run("profile", "list");
  story.check("profile list, empty", empty.code === 0 && listed(empty).length === 0, said(empty));

  const iccid = await world.order({ matchingId });
  await story.download("profile download by activation code", iccid, "-a", `LPA:1$${address}$${matchingId}`);
  const notifications = notificationsSchema.parse((await story.run("notification", "list")).data);
  const [install] = notifications;
  story.check(
    "notification list",
    notifications.length === 1 && install?.profileManagementOperation === "install" && install.iccid === iccid,
    notifications.map((one) => `${one.seqNumber} ${one.profileManagementOperation}`).join(", "),
  );
  const processed = await story.run("notification", "process", "-a", "-r");
  story.check(
    "notification process",
    processed.code === 0 &&
      story.told(iccid) === "install success" &&
      story.orderState(iccid) === "Installed" &&
      story.pending() === 0,
    `the SM-DP+ was told ${story.told(iccid)}; its order is ${story.orderState(iccid)}; ${story.pending()} left on the eUICC`,
  );

  const named = await story.run("profile", "nickname", iccid, nickname);
  story.check("profile nickname", named.code === 0 && story.profile(iccid)?.nickname === nickname, said(named));
  const enabled = await story.run("profile", "enable", iccid);
  story.check(
    "profile enable by ICCID",
    enabled.code === 0 && story.profile(iccid)?.state === "enabled",
    said(enabled),
  );
  await story.untilReady();
  const list = listed(await story.run("profile", "list"));
  story.check(
    "profile list",
    list.length === 1 &&
      list[0]?.iccid === iccid &&
      list[0].profileState === "enabled" &&
      list[0].profileNickname === nickname,
    list.map((one) => `${one.iccid} ${one.profileState} "${one.profileNickname}" of ${one.serviceProviderName}`).join(),
  );
  const kept = await story.run("profile", "delete", iccid);
  story.check("profile delete, enabled", kept.code !== 0 && story.profile(iccid) !== undefined, said(kept));

  const second = await world.order();
  await story.download("profile download from the default SM-DP+", second);
  const aid = story.profile(second)?.isdpAid ?? "";
  const swapped = await story.run("profile", "enable", aid, "1");
  await story.untilReady();
  story.check(
    "profile enable by AID, with REFRESH",
    swapped.code === 0 && story.profile(second)?.state === "enabled" && story.profile(iccid)?.state === "disabled",
    `${said(swapped)}; by AID, the first is disabled by it`,
  );
  const disabled = await story.run("profile", "disable", second);
  await story.untilReady();
  story.check("profile disable", disabled.code === 0 && story.profile(second)?.state === "disabled", said(disabled));
  const deleted = await story.run("profile", "delete", iccid);
  story.check("profile delete", deleted.code === 0 && story.profile(iccid) === undefined, said(deleted));
  await story.run("notification", "process", "-a", "-r");
  story.check(
    "notifications of it all",
    story.told(iccid) === "install success, enable, disable, delete" &&
      story.told(second) === "install success, enable, disable" &&
      story.pending() === 0,
    `of the first ${story.told(iccid)}; of the second ${story.told(second)}`,
  );

  const moved = await story.run("chip", "defaultsmdp", "smdp.example.com");
  const after = chipSchema.parse((await story.run("chip", "info")).data);
  story.check(
    "chip defaultsmdp",
    moved.code === 0 && after.EuiccConfiguredAddresses.defaultDpAddress === "smdp.example.com",
    said(moved),
  );
  const purged = await story.run("chip", "purge", "yes");
  const left = story.pending();
  const removed = await story.run("notification", "remove", "-a");
  story.check(
    "chip purge, notification remove",
    purged.code === 0 && removed.code === 0 && story.profiles.length === 0 && left > 0 && story.pending() === 0,
    `${said(purged)}; ${left} notifications left, then ${story.pending()}`,
  );
}

async function oneDownload(story: LpacStory): Promise<void> {
  const iccid = await story.world.order({ matchingId });
  await story.download("profile download", iccid, "-s", story.world.smdp.address, "-m", matchingId);
  await story.run("notification", "process", "-a", "-r");
  story.check("install result", story.told(iccid) === "install success", `the SM-DP+ was told ${story.told(iccid)}`);
}

async function refusals(story: LpacStory): Promise<void> {
  const { world } = story;
  const { address } = world.smdp;
  const download = (...words: readonly string[]): Promise<LpacAnswer> => story.run("profile", "download", ...words);

  const unknown = await download("-s", address, "-m", "NOT-THERE");
  story.check(
    "unknown matching id",
    unknown.code !== 0 && unknown.message === "es9p_authenticate_client" && story.profiles.length === 0,
    said(unknown),
  );
  const coded = await world.order({ matchingId: "PEER-CODE", confirmationCode: "4711" });
  const wrong = await download("-s", address, "-m", "PEER-CODE", "-c", "0815");
  // lpac then cancels a session that the refusal has ended, so that the order stays (SGP.22, 5.6.5).
  story.check(
    "wrong confirmation code",
    wrong.code !== 0 && story.profiles.length === 0 && story.orderState(coded) === "Released",
    `${said(wrong)}; the order is ${story.orderState(coded)}`,
  );
  await story.download("right confirmation code", coded, "-s", address, "-m", "PEER-CODE", "-c", "4711");

  const declined = await world.order({ matchingId: "PEER-NO" });
  const cancelled = await download("-s", address, "-m", "PEER-NO", "-p");
  story.check(
    "profile declined",
    cancelled.message === "cancelled" && story.orderState(declined) === "Error" && story.profiles.length === 1,
    `${said(cancelled)}; the order is ${story.orderState(declined)}`,
  );
}

/** A killed lpac leaves its channel open and its session half done; the next one begins anew. */
async function killedWhileLoading(story: LpacStory): Promise<void> {
  const { world } = story;
  const iccid = await world.order({ matchingId });
  const words = ["-s", world.smdp.address, "-m", matchingId];
  await story.runUntil(60, "profile", "download", ...words);
  story.check(
    "nothing is there",
    story.profiles.length === 0 && story.orderState(iccid) === "Downloaded" && story.pending() === 0,
    `no profile on the eUICC; the order is ${story.orderState(iccid)}`,
  );
  await story.download("profile download once more", iccid, ...words);
  await story.run("notification", "process", "-a", "-r");
  story.check("install result", story.told(iccid) === "install success", `the SM-DP+ was told ${story.told(iccid)}`);
}

async function brokenPackage(story: LpacStory): Promise<void> {
  const { world } = story;
  const iccid = await world.order({ matchingId });
  const answer = await story.run("profile", "download", "-s", world.smdp.address, "-m", matchingId);
  story.check("profile download", answer.code !== 0 && story.profiles.length === 0, said(answer));
  await story.run("notification", "process", "-a", "-r");
  const told = world.smdp.notifications();
  story.check(
    "the error result reaches the SM-DP+",
    told.length === 1 && told[0]?.verified === true && story.orderState(iccid) === "Error" && story.pending() === 0,
    `told ${told.map(({ kind, outcome }) => `${kind} ${outcome}`).join()}; the order is ${story.orderState(iccid)}`,
  );
}

function listed(answer: LpacAnswer): z.output<typeof profilesSchema> {
  return profilesSchema.parse(answer.data ?? []);
}
