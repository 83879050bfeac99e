import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

it("docs/security.md names code and tests that are there", () => {
  const text = readFileSync(resolve(root, "docs/security.md"), "utf8");
  const named = [...text.matchAll(/`((?:src|test|systemd|\.ci)\/[\w./-]+)`/g)].flatMap(([, path]) => path ?? []);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(resolve(root, path)))).toEqual([]);
});

/** The bounds that the page promises, by the constant that holds them. */
it.each([
  ["src/at/line-reader.ts", "maxLineBytes = 64 * 1024"],
  ["src/at/channel.ts", "maxReplyLines = 1_000"],
  ["src/at/channel.ts", "unclaimedBytes = 2_048"],
  ["src/serial/inbox.ts", "earlyLimit = 64 * 1024"],
  ["src/commands/at.ts", "maxUrcs = 1_000"],
  ["src/lpa/apdu/es10-channel.ts", "maxAnswerBytes = 256 * 1024"],
  ["src/lpa/asn1/tlv.ts", "maxTlvBytes = 4 * 1024 * 1024"],
  ["src/lpa/asn1/tlv.ts", "maxDepth = 24"],
  ["src/lpa/asn1/tlv.ts", "maxElements = 20_000"],
  ["src/lpa/es10/profile-info.ts", "maxProfiles = 200"],
  ["src/lpa/es10/notifications.ts", "maxNotifications = 500"],
  ["src/lpa/es10/euicc-info.ts", "maxKeyIds = 64"],
  ["src/lpa/relay/lines.ts", "maxJsonLength = 60_000"],
  ["src/lpa/relay/line-queue.ts", "maxWaiting = 100"],
  ["src/lpa/modem-relay.ts", "maxRounds = 20"],
  ["src/api/transport.ts", "maxBodyBytes = 1024 * 1024"],
  ["src/api/paging.ts", "maxPages = 50"],
  ["src/lpa/es9plus/https-exchange.ts", "maxBodyBytes = 4 * 1024 * 1024"],
  ["src/lpa/es9plus/trust.ts", "maxRootBytes = 64 * 1024"],
  ["src/lpa/es9plus/trust.ts", "maxRoots = 100"],
  ["src/daemon/config/layers.ts", "maxFileBytes = 256 * 1024"],
  ["src/daemon/config/layers.ts", "maxDropIns = 100"],
  ["src/daemon/config/secrets.ts", "maxSecretBytes = 4096"],
  ["src/daemon/dialect-files.ts", "maxBytes = 200_000"],
  ["src/daemon/dialect-files.ts", "maxFiles = 100"],
  ["src/provision/store/disk.ts", "maxStateFileBytes = 4 * 1024 * 1024"],
  ["src/daemon/status-file.ts", "maxReportBytes = 256 * 1024"],
  ["src/daemon/status-file.ts", "maxReports = 256"],
  ["src/at/transcript/format.ts", "maxTranscriptBytes = 64 * 1024 * 1024"],
  ["src/at/transcript/recording-port.ts", "maxRecordedBytes = 32 * 1024 * 1024"],
  ["src/commands/prompt.ts", "maxBytes = 4_096"],
  ["src/daemon/control/client.ts", "maxAnswerBytes = 4 * 1024 * 1024"],
  [
    "src/daemon/control/event-history.ts",
    "eventHistoryBounds: EventHistoryBounds = { events: 512, bytes: 1024 * 1024 }",
  ],
  ["src/daemon/control/sse.ts", "maxFrameBytes = 512 * 1024"],
  ["src/serial/ports/discover.ts", "maxAttributeFileBytes = 64 * 1024"],
  ["src/serial/ports/discover.ts", "maxAttributeLength = 200"],
  ["src/serial/ports/discover.ts", "maxNames = 1024"],
  ["src/serial/udev-database.ts", "maxRecordBytes = 256 * 1024"],
  ["src/serial/exclusive/processes.ts", "maxProcBytes = 64 * 1024"],
  ["src/serial/exclusive/processes.ts", "mostFiles = 4096"],
  ["src/serial/exclusive/holders.ts", "maxLocksBytes = 1024 * 1024"],
  ["src/serial/exclusive/holders.ts", "mostProcesses = 8192"],
  ["src/daemon/modem-manager-inhibition.ts", "longestWords = 4096"],
  ["src/daemon/outbox/tls-material.ts", "maxPemBytes = 1024 * 1024"],
  ["src/daemon/outbox/mqtt/packets.ts", "maxPacketBytes = 65_536"],
  ["src/daemon/operator-program.ts", "longestWords = 2048"],
  ["src/commands/label-input.ts", "maxRowsBytes = 8 * 1024 * 1024"],
  ["src/commands/label-input.ts", "maxTemplateBytes = 200_000"],
  ["src/label/rows.ts", "mostRows = 10_000"],
])("its bound of %s is %s", (path, constant) => {
  expect(readFileSync(resolve(root, path), "utf8")).toContain(`${constant};`);
});
