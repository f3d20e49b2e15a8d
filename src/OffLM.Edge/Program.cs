return await OffLM.Edge.Commands.CommandTree.InvokeAsync(args);
