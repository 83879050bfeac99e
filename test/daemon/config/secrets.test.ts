import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isEsimdError } from "../../../src/base/errors.js";
import type { ConfigFileSystem } from "../../../src/daemon/config/files.js";
import { type LoadedConfig, loadConfig } from "../../../src/daemon/config/load.js";
import { describeOrigin } from "../../../src/daemon/config/provenance.js";
import { credentialAdvice, findSecret, requireCredentials } from "../../../src/daemon/config/secrets.js";
import { memoryFiles } from "./memory-files.js";

/** On real files: what counts here is what the kernel says about them. */
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "esimd-secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string, mode: number): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function load(env: Readonly<Record<string, string>>, api = ""): LoadedConfig {
  const config = file("config.toml", `[api]\n${api}\n`, 0o644);
  return loadConfig({ env, files: [config] });
}

const whole = { ESIMD_API_KEY: "SKenvironment", ESIMD_API_SECRET: "from-environment" };

describe("where key and secret come from", () => {
  it("the systemd credential first, then the named file, then the environment", () => {
    mkdirSync(join(folder, "credentials"), { mode: 0o700 });
    file("credentials/esimd_api_key", "SKcredential\n", 0o440);
    const secretFile = file("secret", "from-a-file\n", 0o600);
    const loaded = load(
      { ...whole, CREDENTIALS_DIRECTORY: join(folder, "credentials") },
      `key_file = "/nowhere"\nsecret_file = "${secretFile}"`,
    );
    expect([loaded.config.api.key, loaded.config.api.secret]).toEqual(["SKcredential", "from-a-file"]);
    expect(describeOrigin(loaded.origin("api.key"))).toBe("credential esimd_api_key");
    expect(describeOrigin(loaded.origin("api.secret"))).toBe(`file ${secretFile}`);
  });

  it("the environment when there is nothing else", () => {
    const loaded = load({ ...whole, CREDENTIALS_DIRECTORY: join(folder, "none") });
    expect(loaded.config.api.secret).toBe("from-environment");
    expect(describeOrigin(loaded.origin("api.secret"))).toBe("environment variable ESIMD_API_SECRET");
  });

  it("nowhere: that is for the command to judge, which may not need them", () => {
    const { config } = load({});
    expect([config.api.key, config.api.secret]).toEqual([undefined, undefined]);
    expect(() => requireCredentials(config.api)).toThrow(
      "provider twilio needs credentials, and key and secret are not set",
    );
    expect(() => requireCredentials({ ...config.api, key: "SK" })).toThrow("the secret is not set");
    expect(requireCredentials({ ...config.api, key: "SK", secret: "s" })).toEqual({ key: "SK", secret: "s" });
  });

  it("provider none holds none, even where some lie about", () => {
    const { config } = load(whole, 'provider = "none"');
    expect([config.api.key, config.api.secret]).toEqual([undefined, undefined]);
  });
});

describe("a secret's file that is refused", () => {
  it.each([0o640, 0o604, 0o644, 0o660, 0o610, 0o777])("mode %o: others can get at it", (mode) => {
    const path = file("secret", "TheSecretItself", mode);
    const shown = mode.toString(8).padStart(4, "0");
    expect(() => load({}, `secret_file = "${path}"`)).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        message: `${join(folder, "config.toml")}: api.secret_file: ${path} holds a secret and its mode ${shown} lets others read it`,
        hint: `Make it readable by its owner only: chmod 600 ${path}`,
      }),
    );
  });

  it.each([0o600, 0o400])("mode %o is fine", (mode) => {
    expect(load({}, `secret_file = "${file("secret", "good-secret", mode)}"`).config.api.secret).toBe("good-secret");
  });

  it("a link to a file is judged by the file", () => {
    const target = file("open", "TheSecretItself", 0o644);
    symlinkSync(target, join(folder, "link"));
    expect(() => load({}, `secret_file = "${join(folder, "link")}"`)).toThrow("lets others read it");
  });

  it("a folder, a FIFO (without hanging on it), and nothing at all", () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    expect(() => load({}, `secret_file = "${folder}"`)).toThrow(`${folder} is not a regular file`);
    expect(() => load({}, `secret_file = "${fifo}"`)).toThrow(`${fifo} is not a regular file`);
    expect(() => load(whole, 'secret_file = "/nowhere/secret"')).toThrow("there is no file /nowhere/secret");
  });

  it.each([
    ["is empty", ""],
    ["has two lines", "TheSecretItself\nsecond"],
    ["has other characters", "TheSecretItsélf"],
    ["has spaces", "TheSecretItself two"],
  ])("one that %s; the sentence does not repeat it", (_, text) => {
    const path = file("secret", text, 0o600);
    expect(() => load({}, `secret_file = "${path}"`)).toThrow(
      expect.objectContaining({
        code: "config_invalid",
        message: `${path} must hold one word of printable ASCII, a key or a secret, and nothing else`,
      }),
    );
  });

  it("one that is the wrong file by its size", () => {
    const path = file("secret", "x".repeat(5000), 0o600);
    expect(() => load({}, `secret_file = "${path}"`)).toThrow("is larger than 4096 bytes");
  });
});

/** What another user's file or folder would look like is told, since a test is one user. */
describe("who owns a secret's file, and who guards a folder of credentials", () => {
  const secretFile = "/etc/esimd/api.secret";
  const refusal = (files: ConfigFileSystem, env: Readonly<Record<string, string>>, named: boolean) => {
    const file = named ? { path: secretFile, namedBy: "api.secret_file" } : undefined;
    try {
      const found = findSecret(env, files, { credential: "esimd_api_secret", file, variable: undefined });
      return found === undefined ? "nothing" : "taken";
    } catch (error) {
      if (!isEsimdError(error, "config_invalid")) throw error;
      return `${error.message}. ${error.hint}`;
    }
  };

  it.each([
    [0, "taken"],
    [1000, "taken"],
    [
      1001,
      `api.secret_file: ${secretFile} holds a secret and belongs to uid 1001, which is neither root nor esimd's (1000). Give it to the user that esimd runs as, closed to others: chown 1000 ${secretFile} && chmod 600 ${secretFile}`,
    ],
  ])("a named file of uid %i", (ownerUid, expected) => {
    const files = memoryFiles({ [secretFile]: { text: "TheSecretItself", mode: 0o600, ownerUid } });
    expect(refusal(files, {}, true)).toBe(expected);
  });

  const store = "/run/credentials/esimd.service";
  const credential = `${store}/esimd_api_secret`;
  it.each([
    ["systemd's, by ACL for the unit's user", { ownerUid: 0, mode: 0o440 }, 0o550, "taken"],
    ["systemd's, with a user of its own", { ownerUid: 1000, mode: 0o400 }, 0o500, "taken"],
    ["open files in a closed folder", { ownerUid: 0, mode: 0o444 }, 0o700, "taken"],
    [
      "open files in an open folder, as a container has them",
      { ownerUid: 0, mode: 0o444 },
      0o755,
      `CREDENTIALS_DIRECTORY: ${credential} holds a secret and its mode 0444 lets others read it. Make it readable by its owner only: chmod 600 ${credential}`,
    ],
    ["closed files in an open folder", { ownerUid: 0, mode: 0o400 }, 0o755, "taken"],
    [
      "another user's",
      { ownerUid: 1001, mode: 0o400 },
      0o700,
      `CREDENTIALS_DIRECTORY: ${credential} holds a secret and belongs to uid 1001, which is neither root nor esimd's (1000). Give it to the user that esimd runs as, closed to others: chown 1000 ${credential} && chmod 600 ${credential}`,
    ],
  ])("a folder of credentials: %s", (_name, file, folderMode, expected) => {
    const files = memoryFiles({ [credential]: { text: "TheSecretItself", ...file } }, { [store]: folderMode });
    expect(refusal(files, { CREDENTIALS_DIRECTORY: store }, false)).toBe(expected);
  });
});

describe("an account's auth token in place of an API key", () => {
  const sid = "0123456789abcdef".repeat(2);
  it.each([
    ["twilio", `AC${sid}`, true],
    ["twilio", `SK${sid}`, false],
    ["twilio", undefined, false],
    ["kore", "ACclient", false],
    ["none", undefined, false],
  ])("is worth a word: %s with %s is %s", (provider, key, isAdvised) => {
    expect(credentialAdvice({ provider, key }) !== undefined).toBe(isAdvised);
  });
});
