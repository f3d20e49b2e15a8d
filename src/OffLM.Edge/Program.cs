Console.WriteLine("offlm-edge");
