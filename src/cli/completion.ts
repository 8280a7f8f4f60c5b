/** `conductor-diag completion SHELL`: what makes a shell complete commands, options, ids of incidents and pids. */
import { type Command, Argument } from 'commander'
import { SHELL_SCRIPTS } from './completion-scripts.js'
import { examples } from './examples.js'
import { printOut } from './output.js'

export function register(program: Command): void {
  program
    .command('completion')
    .description('completion of commands, options, ids and pids, for a shell')
    .addHelpText(
      'after',
      `${examples('completion bash', 'completion zsh', 'completion fish')}
In ~/.bashrc:                    source <(conductor-diag completion bash)
In ~/.zshrc, after compinit:     source <(conductor-diag completion zsh)
In ~/.config/fish/config.fish:   conductor-diag completion fish | source
`,
    )
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SHELL_SCRIPTS)))
    .action((shell: keyof typeof SHELL_SCRIPTS) => printOut(SHELL_SCRIPTS[shell]))
}
