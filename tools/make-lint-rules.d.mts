export declare function lintRulesText(): string
