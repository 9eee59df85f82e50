/** Link the plug-in into build/, the folder that Adobe's UXP Developer Tool loads. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
execFileSync(
  process.env.INPAINT_PYTHON ?? "python3",
  ["-m", "inpaintd.install.photoshop_package", root, process.argv[2] ?? `${root}build`],
  { stdio: "inherit" },
);
