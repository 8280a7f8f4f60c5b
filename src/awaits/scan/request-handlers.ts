/**
 * Which function a server gave a request to, for a request without an answer: by callbacks alone nothing of it is suspended. The
 * frameworks keep it with the request:
 * - express 4 and 5 and router 1 and 2: `req.next` is the step of the innermost router, whose scope has its `stack` and how far
 *   it has come (`idx`, one past the layer at work). A layer of a route has the route's own handlers;
 * - fastify 3 to 5: its own request has the route's context, and that the handler and the hooks before it;
 * - else the server's listener for `request` is the handler.
 */
import type { WaitHolder } from '../../model/wait.js'
import { originOf } from '../../source/origin.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'
import { CallScope } from '../resources/call-scope.js'
import { valuesOf } from '../resources/collections.js'
import type { NativeObjects } from '../resources/native-objects.js'
import { definitionOf } from './definition.js'

const MAX_LAYERS = 1_000
const MAX_HANDLERS = 10
const HOOKS = ['onRequest', 'preParsing', 'preValidation', 'preHandler']

export interface HandlerContext {
  readonly objects: Objects
  readonly natives: NativeObjects
  readonly scopes: CodeScopes
  /** Objects of frameworks that wrap a request, by that. */
  readonly wrappers: ReadonlyMap<Tagged, Tagged>
}

/** One, or those of which one has the request, packages' among them. Empty: not known. */
export function handlersOf(context: HandlerContext, request: Tagged, socket: Tagged): WaitHolder[] {
  const given = inWrapper(context, request) ?? inRouter(context, request)
  const functions = given ?? listenersOf(context, socket, 'request')
  const places = functions
    .flatMap((each) => definitionOf(context.objects, each) ?? [])
    .filter(({ file }) => file !== null)
  const from = given === null ? ['user'] : ['user', 'dependency']
  // A framework's own listener has all requests.
  return places.filter(({ file }) => from.includes(originOf(file))).slice(0, MAX_HANDLERS)
}

function inWrapper({ objects, wrappers }: HandlerContext, request: Tagged): Tagged[] | null {
  const wrapper = wrappers.get(request)
  const route = wrapper === undefined ? 0 : objects.getObject(wrapper, ['[fastify.context]', 'context'])
  const handler = route === 0 ? undefined : objects.get(route, 'handler')
  if (handler === undefined) return null
  // Those that run before it may have the request still.
  const before = HOOKS.flatMap((name) => {
    const hooks = objects.getObject(route, [name])
    return hooks === 0 ? [] : valuesOf(objects, hooks, MAX_HANDLERS)
  })
  return [...before, handler]
}

function inRouter(context: HandlerContext, request: Tagged): Tagged[] | null {
  const { objects } = context
  const next = objects.get(request, 'next')
  if (next === undefined || objects.functions.ofFunction(next) === null) return null
  const scope = new CallScope(context, { className: 'next', closure: next, held: false })
  const at = objects.number(scope.value(['idx']))
  const layer = at === null || at < 1 ? 0 : (valuesOf(objects, scope.value(['stack']), MAX_LAYERS)[at - 1] ?? 0)
  if (!objects.isObject(layer)) return null
  const route = objects.getObject(layer, ['route'])
  if (route === 0) return functionsOf(objects, [layer])
  const method = objects.getText(request, ['method'], 20)?.toLowerCase() ?? ''
  const stack = objects.getObject(route, ['stack'])
  const layers = stack === 0 ? [] : valuesOf(objects, stack, MAX_LAYERS).filter((each) => objects.isObject(each))
  return functionsOf(
    objects,
    layers.filter((each) => [null, method].includes(objects.getText(each, ['method'], 20))),
  )
}

function functionsOf(objects: Objects, layers: readonly Tagged[]): Tagged[] {
  return layers.flatMap((layer) => objects.get(layer, 'handle') ?? [])
}

function listenersOf({ objects }: HandlerContext, socket: Tagged, event: string): Tagged[] {
  const server = objects.getObject(socket, ['server', '_server'])
  const events = server === 0 ? 0 : objects.getObject(server, ['_events'])
  const listeners = events === 0 ? undefined : objects.get(events, event)
  if (listeners === undefined) return []
  return objects.arrayLength(listeners) === null ? [listeners] : valuesOf(objects, listeners, MAX_HANDLERS)
}
