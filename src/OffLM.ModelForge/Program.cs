using OffLM.ModelForge;

return ForgeCommand.Run(args, Console.Out, Console.Error);
