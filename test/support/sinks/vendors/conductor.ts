/**
 * Conductor's task API as its 3.21 line has it, behind a token: who may, the log of a task, its state, an update of it.
 * https://conductor-oss.github.io/conductor/documentation/api/task.html; the token: https://orkes.io/content/sdks/authentication.
 */
import type { Handler, Reply } from '../contract-server.js'
import { bodyOf, missing, ok, textAt } from './vendor.js'

export const CONDUCTOR_ENV = { CONDUCTOR_AUTH_KEY: 'key', CONDUCTOR_AUTH_SECRET: 'sesame-open' }

/** @param logged what stands in the log of every task, and gets what is written there */
export function conductor(status: string, logged: string[] = []): Handler {
  return (request): Reply => {
    const { method, path: at, headers, body } = request
    if (at === '/api/token' && method === 'POST') {
      const login = bodyOf(request)
      const isRight = textAt(login, 'keyId') === 'key' && textAt(login, 'keySecret') === 'sesame-open'
      return isRight ? ok({ token: 't-1' }) : { status: 401 }
    }
    if (headers['x-authorization'] !== 't-1') return { status: 401 }
    if (at === '/api/tasks' && method === 'POST') return { status: 200, body: textAt(bodyOf(request), 'taskId') }
    const [, taskId, sub] = /^\/api\/tasks\/([^/]+)(?:\/(log))?$/.exec(at) ?? []
    if (taskId === undefined) return missing('such path')
    if (sub === undefined) return ok({ status, workflowInstanceId: 'w-1', workerId: 'host' })
    if (method === 'POST') logged.push(body.toString())
    return { status: 200, body: method === 'GET' ? logged.map((log) => ({ log, taskId })) : '' }
  }
}
