/** Native code that blocks, compiled on the spot: there is no other way to be sure what a frame calls. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { NodeBinary } from './nodes.js'

/** A library whose constructor never returns. */
const LIBRARY = `#include <unistd.h>
__attribute__((constructor)) static void start(void) { for (;;) pause(); }
`

/** An addon whose only function never returns. */
const ADDON = `#include <node_api.h>
#include <unistd.h>
static napi_value wait_for_ever(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  for (;;) pause();
}
NAPI_MODULE_INIT() {
  napi_value wait;
  napi_create_function(env, "wait", NAPI_AUTO_LENGTH, wait_for_ever, NULL, &wait);
  napi_set_named_property(env, exports, "wait", wait);
  return exports;
}
`

function headersOf(node: NodeBinary): string {
  return path.join(path.dirname(node.path), '../include/node')
}

/** Why native code can't be compiled against this Node here; null when it can. */
export function whyNotCompile(node: NodeBinary): string | null {
  if (spawnSync('cc', ['--version'], { stdio: 'ignore' }).status !== 0) return 'no C compiler'
  return existsSync(path.join(headersOf(node), 'node_api.h')) ? null : 'no headers of Node-API'
}

/** Paths of both, compiled into `folder`. */
export function compileBlockers(
  node: NodeBinary,
  folder: string,
): { readonly library: string; readonly addon: string } {
  const build = (name: string, source: string): string => {
    const from = path.join(folder, `${name}-${node.major}.c`)
    const to = path.join(folder, `${name}-${node.major}.node`)
    writeFileSync(from, source)
    execFileSync('cc', ['-shared', '-fPIC', '-I', headersOf(node), '-o', to, from])
    return to
  }
  return { library: build('library', LIBRARY), addon: build('addon', ADDON) }
}
