/** How much the agent says. `silent` says nothing at all. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export const LOG_FORMATS = ['json', 'text'] as const
/** `text`: for a person, without the fields. */
export type LogFormat = (typeof LOG_FORMATS)[number]
