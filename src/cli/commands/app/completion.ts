import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { completeWords } from '../../completion/complete-words.ts';
import { completionScripts } from '../../completion/shell-scripts.ts';

export const command = defineCommand({
  path: ['completion'],
  summary: 'Print a script that completes words in your shell',
  usage: 'bash|zsh|fish',
  description:
    'For bash: source <(wharf completion bash)\nFor zsh:  source <(wharf completion zsh)\nFor fish: wharf completion fish | source',
  flags: {},
  args: { min: 1 },
  flagsFirst: true,
  completes: 'none',
  async run(ctx) {
    const [shell = '', ...words] = ctx.args;
    // What the scripts call; the last word is the one being typed.
    if (shell === '__words') {
      await ctx.terminal.out((await completeWords(words, ctx)).map((word) => `${word}\n`).join(''));
      return 0;
    }
    const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined;
    if (script === undefined) {
      throw new UsageError(`unsupported shell type ${JSON.stringify(shell)}`, {
        exitCode: 1,
        hint: 'Use bash, zsh or fish.',
      });
    }
    await ctx.terminal.out(script);
    return 0;
  },
});
