import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { describeCause } from "../../src/base/errors.js";
import { architectures } from "./architectures.js";
import { hasDpkgDeb, makePackages } from "./package.js";

/** `npm run package`: the Debian packages, into dist/ (docs/package.md). */

const usage = 64;
const unavailable = 69;
const names = architectures.map(({ debian }) => debian);

process.exitCode = await main();

async function main(): Promise<number> {
  const say = (sentence: string): void => void process.stderr.write(`package: ${sentence}\n`);
  try {
    const { values } = parseArgs({
      options: {
        arch: { type: "string", multiple: true, default: [] },
        out: { type: "string", default: "dist" },
        json: { type: "boolean", default: false },
      },
    });
    const unknown = values.arch.find((name) => !names.some((known) => known === name));
    if (unknown !== undefined) {
      say(`there is no architecture ${unknown}; there is ${names.join(", ")}`);
      return usage;
    }
    if (!hasDpkgDeb()) {
      say("dpkg-deb is not here, and it makes the package; on a system other than Debian its package is called dpkg");
      return unavailable;
    }
    const root = process.cwd();
    const wanted = architectures.filter(({ debian }) => values.arch.length === 0 || values.arch.includes(debian));
    const made = await makePackages(root, wanted, resolve(values.out));
    const packages = made.map((one) => ({ ...one, path: relative(root, one.path) }));
    for (const { path, bytes, installedBytes } of packages)
      process.stdout.write(`${path}  ${bytes} bytes, ${installedBytes} when installed\n`);
    if (values.json) process.stdout.write(`${JSON.stringify({ schema: "esimd.package/1", packages })}\n`);
    return 0;
  } catch (error) {
    say(describeCause(error));
    return error instanceof TypeError ? usage : 1;
  }
}
