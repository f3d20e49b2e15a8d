namespace OffLM.Edge.Board.Tests.Support;

/// <summary>An Orin Nano's tree as the kernel shows it.</summary>
internal static class OrinNano
{
    public static Tree Create()
    {
        var tree = new Tree();
        tree.Put("/proc/device-tree/compatible", "nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0");
        tree.Put("/proc/device-tree/model", "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super\0");
        tree.Zone(0, "cpu-thermal", 48_250, ("passive", 95_000), ("active", 50_000), ("critical", 104_500));
        tree.Zone(1, "gpu-thermal", 47_500, ("critical", 104_500));
        tree.Zone(2, "tj-thermal", 49_000);
        tree.Zone(3, "PMIC-Die", 100_000);
        tree.Rail(1, 1, "VDD_IN", 5_000, 1_200);
        tree.Rail(1, 2, "VDD_CPU_GPU_CV", 5_000, 400);
        tree.Rail(1, 3, "NC", 0, 0);

        // The driver's further channels are no rails: shunt voltages and the sum of all currents.
        tree.Rail(1, 4, null, 12, 1_600);
        tree.Put("/sys/class/hwmon/hwmon1/in7_label", "sum of shunt voltages");
        tree.Put("/sys/class/hwmon/hwmon1/in7_input", 16);
        tree.Fan(2, 77, 2, 2_100);
        tree.Put("/sys/class/devfreq/17000000.gpu/cur_freq", 306_000_000);
        tree.Put("/sys/class/devfreq/17000000.gpu/max_freq", 1_020_000_000);
        tree.Put("/sys/class/devfreq/17000000.gpu/available_frequencies", "306000000 612000000 1020000000");
        tree.Put("/sys/class/devfreq/17000000.gpu/device/load", 153);
        tree.Put("/etc/nvpmodel.conf", Modes);
        tree.Put("/var/lib/nvpmodel/status", "pmode:0001 fmode:quiet");
        return tree;
    }

    private const string Modes =
        """
        # a comment
        < PARAM TYPE=FILE NAME=CPU_ONLINE >
        CORE_0 /sys/devices/system/cpu/cpu0/online
        < POWER_MODEL ID=0 NAME=15W >
        CPU_ONLINE CORE_0 1
        < POWER_MODEL ID=1 NAME=25W >
        < POWER_MODEL ID=2 NAME=MAXN_SUPER >
        < PM_CONFIG DEFAULT=1 >
        """;
}
