import { checks } from "../../src/daemon/doctor/checks.js";

/** docs/doctor.md: what the doctor asks, and what it can and cannot know. */
export function doctorPage(): string {
  return [
    "# esimd doctor",
    "",
    "Says why esimd will not work here: `esimd doctor`, with the flags and the configuration that a run would have. It asks and changes",
    "nothing: not the eUICC, not the modem's settings, not the account. It never asks for a reservation, which costs money; the one thing that",
    "it posts is KORE's request for a token. Of the state folder it tries whether a small file can be written, and takes that away again.",
    "",
    "- Where all is well it says nothing and exits with 0. Otherwise stdout has two lines for each finding: what is wrong, with its code",
    "  ([errors](errors.md)) and who must act, and the next step. A `warning` is what a run may get past, or what nobody can know now.",
    "- The exit status is that of the first error in the order below, which is the order in which a run meets these things; 0 with warnings alone.",
    '- `--json` gives on the last line `{"schema":"esimd.doctor/1","findings":[{check,severity,code,actor,message,hint}],"checks":[{name,result,why}]}`, always',
    "  with every check; `result` is `ok`, `found` or `skipped`, and `why` tells the reason for what was skipped.",
    "- Checks that need nothing of each other run side by side, each with a deadline of its own; `--deadline` bounds all of them, at most 5 minutes.",
    "  A modem that is silent takes the whole of `modem.wake_wait`.",
    "- The port is opened only if nobody has it. An esimd that works on it is no fault: a note says so, and the modem is left to it. Between",
    "  its runs the daemon leaves the port, and one that begins while the doctor looks finds it busy and tries again later.",
    "- Run it as the user that esimd runs as. The service's systemd credentials are not a shell's: as root,",
    "  `CREDENTIALS_DIRECTORY=/etc/credstore esimd doctor` tries the stored ones.",
    "",
    "| check | asks | goes by, and cannot know | needs | finds |",
    "|---|---|---|---|---|",
    ...checks.map(({ name, asks, knows, needs, codes }) => {
      const listed = codes.map((code) => `[${code}](errors.md#${code})`);
      const found = listed.length === 0 ? "the last run's own code" : listed.join(", ");
      return `| ${[`\`${name}\``, asks, knows, needs.map((other) => `\`${other}\``).join(", "), found].join(" | ")} |`;
    }),
    "",
    "Any check may find `deadline` besides, where what it asks does not answer in its time.",
    "",
  ].join("\n");
}
