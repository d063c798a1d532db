/** Fails when the functions that the built addon exports are not those that `binding.d.ts` declares. */
import { binding } from "../lib/binding.js";
import { signatures } from "./binding-signatures.js";

const declared = new Set(signatures().keys());
const exported = new Set(Object.keys(binding));
const missing = [...declared].filter((name) => !exported.has(name));
const undeclared = [...exported].filter((name) => !declared.has(name));
if (missing.length) console.error(`declared in binding.d.ts but not exported by the addon: ${missing.join(", ")}`);
if (undeclared.length) console.error(`exported by the addon but not declared in binding.d.ts: ${undeclared.join(", ")}`);
if (missing.length || undeclared.length) process.exit(1);
console.log(`binding.d.ts and the addon agree on ${declared.size} functions`);
