Console.WriteLine("model-forge");
