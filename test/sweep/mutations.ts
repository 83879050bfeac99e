import type { Task } from "./tasks.js";
import type { Setup } from "./world.js";

/**
 * The code broken on purpose, once for each rule that matters, and the part of the sweeps that must notice. A sweep that finds nothing
 * proves something only when it finds these.
 */

export interface Edit {
  /** Under src/. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutation {
  readonly name: string;
  /** What is broken, and what it would cost. */
  readonly sentence: string;
  readonly edits: readonly [Edit, ...Edit[]];
  /** Each takes seconds. */
  readonly tasks: readonly [Task, ...Task[]];
}

const byEid: Setup = { family: "etsi-apdu", lpa: "host", method: "eid", provider: "twilio" };
const byCode: Setup = { ...byEid, method: "activation-code" };

const cuts = (setup: Setup, points: string, thorough = false): Task => ({ kind: "cuts", setup, thorough, points });
const postFaults = (setup: Setup): Task => ({ kind: "faults", setup, room: "api", points: "POST /v1/ESimProfiles" });
const badDays: Task = { kind: "bad-days", setup: byEid };
const forgetfulDisk: Task = { kind: "forgetful-disk", setup: byEid, points: "reserving: " };

const disk = "provision/store/disk.ts";
const reservation = "provision/steps/reservation.ts";

export const mutations: readonly Mutation[] = [
  {
    name: "content-not-synced",
    sentence:
      "a file's content is not synced: after a power cut the ledger knows nothing of a POST, and it is made again",
    edits: [{ file: disk, find: "      await file.sync();\n", replace: "" }],
    tasks: [cuts(byEid, "reserving: ")],
  },
  {
    name: "names-not-synced",
    sentence: "the folder is not synced once a file was made or renamed in it: ledger and journal are gone by name",
    edits: [
      {
        file: disk,
        find: 'await writeDurably(path, text, "a");\n        await files.syncFolder(dirname(path));',
        replace: 'await writeDurably(path, text, "a");',
      },
      {
        file: disk,
        find: "        // The rename itself is durable only once the folder is (fsync(2)).\n        await files.syncFolder(dirname(path));\n",
        replace: "",
      },
    ],
    tasks: [cuts(byEid, "reserving: ")],
  },
  {
    name: "folder-not-synced",
    sentence: "the folders above a new one are not synced: the power takes the whole folder of the eUICC",
    edits: [
      {
        file: disk,
        find: "for (const made of await makePath(files, path)) await files.syncFolder(dirname(made));",
        replace: "await makePath(files, path);",
      },
      {
        file: "provision/store/store.ts",
        find: "  for (const above of [dirname(folder), stateDir]) await disk.syncFolder(above);\n",
        replace: "",
      },
    ],
    tasks: [cuts(byEid, "reserving: ")],
  },
  {
    name: "written-in-place",
    sentence: "a file is overwritten in place and not renamed into it: a torn journal, and a ledger that seems lost",
    edits: [
      {
        file: disk,
        find: 'await writeDurably(temporary, text, "w");',
        replace: 'await writeDurably(path, text, "w");',
      },
      { file: disk, find: "await files.rename(temporary, path);", replace: "" },
    ],
    tasks: [cuts(byEid, "surveying: disk: ", true)],
  },
  {
    name: "list-skipped",
    sentence: "the provider's list is not heard before the POST: whoever lost the state folder pays again",
    edits: [
      {
        file: "provision/steps/survey.ts",
        find: "const listed = await listing();",
        replace: "await listing();\n  const listed: readonly ESimProfile[] = [];",
      },
    ],
    tasks: [forgetfulDisk],
  },
  {
    name: "sims-not-asked",
    sentence: "profiles on the eUICC are not looked up as Sims: one that was installed is not known as ours",
    edits: [
      {
        file: "provision/steps/survey.ts",
        find: "if (sim !== undefined) ownSims.set(iccid, sim);",
        replace: "",
      },
    ],
    tasks: [cuts(byEid, "verifying: ")],
  },
  {
    name: "post-retried",
    sentence: "a POST whose answer is lost counts as not processed and is made again: two charges",
    edits: [
      {
        file: "api/client.ts",
        find: 'kind: result.processed === "no" ? "not-processed" : "unclear"',
        replace: 'kind: "not-processed"',
      },
    ],
    tasks: [postFaults(byEid)],
  },
  {
    name: "intent-after-post",
    sentence: "the intent is written once the POST was answered: a power cut in between forgets a charge",
    edits: [
      {
        file: reservation,
        find: 'await store.record({\n      kind: "intent",',
        replace: 'const writeIntent = () => store.record({\n      kind: "intent",',
      },
      {
        file: reservation,
        find: "const outcome = await api.createESimProfile(request, signal);",
        replace: "const outcome = await api.createESimProfile(request, signal);\n    await writeIntent();",
      },
    ],
    tasks: [cuts(byEid, "reserving: ")],
  },
  {
    name: "settled-at-once",
    sentence:
      "a POST in doubt is given up with the first list that does not show it, however late lists are: two charges",
    edits: [
      {
        file: reservation,
        find: "if (waited.ms() >= parts.policy.reserveSettleMs) return concludeUnclear(",
        replace: "return concludeUnclear(",
      },
    ],
    tasks: [badDays],
  },
  {
    name: "unknown-list-is-empty",
    sentence: "a list that could not be read counts as an empty one: what is unknown permits a POST",
    edits: [
      {
        file: reservation,
        find: 'run.parts.log.info({ error }, "the list of reservations could not be read");\n    return undefined;',
        replace: "return [];",
      },
    ],
    tasks: [badDays],
  },
  {
    name: "unclear-not-counted",
    sentence: "the budget does not count POSTs whose outcome stayed unclear: two charges where `hold` allows one",
    edits: [
      {
        file: "provision/budget.ts",
        find: "const spent = charged.size + money.unclear + undecided;",
        replace: "const spent = charged.size + undecided;",
      },
    ],
    tasks: [badDays],
  },
  {
    name: "downloaded-not-adopted",
    sentence: "a reservation whose package was fetched, but not installed, is not taken up again: paid for and unused",
    edits: [
      {
        file: "provision/decide.ts",
        find: ' || status === "available" || status === "downloaded",',
        replace: ' || status === "available",',
      },
    ],
    tasks: [cuts(byEid, "downloading: ")],
  },
  {
    name: "ledger-not-looked-up",
    sentence: "a reservation that only the ledger names is not asked for while the list is late: held for nothing",
    edits: [
      {
        file: "provision/steps/survey.ts",
        find: "[...(journalSid === undefined ? [] : [journalSid]), ...ours]",
        replace: "journalSid === undefined ? [] : [journalSid]",
      },
    ],
    tasks: [cuts(byEid, "reserving: ")],
  },
  {
    name: "code-in-doubt-retried",
    sentence:
      "a POST by activation code in doubt is settled by a list that cannot show it, and made again: two charges",
    edits: [
      { file: reservation, find: 'if (policy.method === "eid") return "doubt";', replace: 'return "doubt";' },
      {
        file: "provision/decide.ts",
        find: 'if (money.pending.method === "eid") return { do: "settle" };',
        replace: 'return { do: "settle" };',
      },
    ],
    tasks: [postFaults(byCode)],
  },
  {
    name: "short-ledger-is-zero",
    sentence: "a ledger that is shorter than the journal saw is believed: what it lost is paid for again",
    edits: [
      {
        file: "provision/store/store.ts",
        find: "if (reading.entries.length < journalled) {",
        replace: "if (reading.entries.length < 0) {",
      },
    ],
    tasks: [forgetfulDisk],
  },
  {
    name: "torn-line-is-damage",
    sentence: "a line that a power cut tore counts as damage: a person must come for nothing",
    edits: [
      {
        file: "provision/ledger.ts",
        find: 'return { kind: "good", entries, torn: tail !== "" };',
        replace:
          'return tail === "" ? { kind: "good", entries, torn: false } : { kind: "damaged", why: "its last line is torn" };',
      },
    ],
    tasks: [cuts(byEid, "reserving: disk: write ledger.jsonl", true)],
  },
  {
    name: "stale-lock-stays",
    sentence: "the lock of a process that is gone is never broken: the device waits for ever",
    edits: [
      { file: "provision/store/lock.ts", find: "const lives = ", replace: "const lives = holder !== ownPid || " },
    ],
    tasks: [cuts(byEid, "surveying: api", true)],
  },
  {
    name: "session-error-believed",
    sentence: "a profile that arrived is ignored when its session reported a failure",
    edits: [
      {
        file: "provision/steps/download.ts",
        find: "if (arrived !== undefined) {",
        replace: "if (arrived !== undefined && session.error === undefined) {",
      },
    ],
    tasks: [{ kind: "faults", setup: byEid, room: "serial", points: "downloading: serial: AT+CGLA STORE DATA last" }],
  },
  {
    name: "terminal-cancel",
    sentence: "a session of ours that failed is cancelled for good: the SM-DP+ ends an order that was paid for",
    edits: [{ file: "lpa/host/session.ts", find: 'reason: "postponed" }', replace: 'reason: "endUserRejection" }' }],
    tasks: [{ kind: "faults", setup: byEid, room: "smdp" }],
  },
  {
    name: "cancelled-while-loading",
    sentence: "a session is cancelled once loading began: the profile may be on the eUICC already",
    edits: [
      { file: "lpa/host/session.ts", find: "if (!trace.loading && !signal.aborted", replace: "if (!signal.aborted" },
    ],
    tasks: [{ kind: "faults", setup: byEid, room: "serial", points: "downloading: serial: AT+CGLA STORE DATA 8" }],
  },
  {
    name: "removed-untaken",
    sentence: "a notification is removed whatever the SM-DP+ answered: it never hears of the installation",
    edits: [
      {
        file: "lpa/host/notifications.ts",
        find: "if (!(await notify(parts.es9Plus, smdp, notification, signal))) return false;",
        replace: "await notify(parts.es9Plus, smdp, notification, signal);",
      },
    ],
    tasks: [{ kind: "faults", setup: byEid, room: "smdp", points: "handleNotification" }],
  },
  {
    name: "removed-early",
    sentence: "a notification is removed before the SM-DP+ took it: a power cut in between, and nobody tells it",
    edits: [
      {
        file: "lpa/host/notifications.ts",
        find: "if (!(await notify(parts.es9Plus, smdp, notification, signal))) return false;",
        replace:
          "await parts.isdR.tell(encodeRemoveNotification(seqNumber), signal);\n  if (!(await notify(parts.es9Plus, smdp, notification, signal))) return false;",
      },
    ],
    tasks: [cuts(byEid, "handleNotification")],
  },
  {
    name: "outbox-dropped",
    sentence: "what the SM-DP+ did not take is not written down: an eUICC that forgets it leaves nobody to tell",
    edits: [
      {
        file: "provision/steps/deliver.ts",
        find: "await store.saveJournal({ outbox: writtenOutbox(outboxAfter(outbox, iccid, kept)) });",
        replace: "outboxAfter(outbox, iccid, kept);",
      },
    ],
    tasks: [{ kind: "forgotten-notifications", setup: byEid }],
  },
];
