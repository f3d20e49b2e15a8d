namespace OffLM.Edge.Board.Fan;

/// <summary>Fan tables that NVIDIA ships with JetPack 6, as published: what the node's own control is compared with.</summary>
public static class NvidiaTables
{
    private static readonly IReadOnlyList<FanTable> Tables = FanTable.Parse(
        """
        <FAN 1>
            TMARGIN ENABLED
            FAN_PROFILE quiet {
                0 0 255 6000
                10 0 255 6000
                11 0 187 4000
                31 0 187 4000
                70 0 0 0
                105 0 0 0
            }
            FAN_PROFILE cool {
                0 0 255 6000
                10 0 255 6000
                11 0 215 5000
                30 0 215 5000
                60 0 66 1500
                105 0 66 1500
            }
            THERMAL_GROUP 0 {
                GROUP_MAX_TEMP 105
            }
        """);

    /// <summary>The Orin modules' table 'quiet', the default.</summary>
    public static FanTable Quiet => Tables[0];

    /// <summary>The Orin modules' table 'cool'.</summary>
    public static FanTable Cool => Tables[1];
}
