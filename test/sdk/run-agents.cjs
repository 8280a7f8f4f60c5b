// A worker on SDK 4's `agents` entry point: one agent with one tool, served. Environment: CONDUCTOR_SERVER_URL,
// TASK_TYPES (the tool's name, `demo`), EXECUTE (ok | never). Prints `polling` when it was started.
'use strict'

exports.runAgents = async function runAgents(sdk) {
  const name = process.env.TASK_TYPES ?? 'demo'
  const execute = async () => {
    if (process.env.EXECUTE === 'never') await new Promise(() => {})
    return { done: true }
  }
  const inputSchema = { type: 'object', properties: { order: { type: 'string' } } }
  const tool = sdk.tool(execute, { name, description: 'does the work', inputSchema })
  const clerk = new sdk.Agent({ name: 'clerk', model: 'openai/gpt-4o', instructions: 'Do the work.', tools: [tool] })
  const runtime = new sdk.AgentRuntime({ serverUrl: process.env.CONDUCTOR_SERVER_URL })
  await runtime.serve(clerk, { blocking: false })
  console.log('polling')
}
